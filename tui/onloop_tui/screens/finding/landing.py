"""The part of the main screen that begins where a role, the settings, or the last time says, and remembers that."""

from __future__ import annotations

from onloop_tui.last_places import LastPlace
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.screens.finding.arranging import Arranging


class Landing(Arranging):
    """A role or a setting names the view; else it is the last place in this store, as far as that is still there."""

    has_landed: bool

    @property
    def _store(self) -> str:
        return f"{self.whole.house.id} {self.session.place.name}"

    def land(self) -> None:
        """Go to the last place, once the store has been read; what of it is gone is left out."""
        if self.has_landed or not self.whole.is_whole:
            return
        self.has_landed = True
        memory = self.session.memory
        place = memory.read(self._store, self.session.person_name) if memory is not None else None
        self.arrange_again(*((place.columns, place.orders) if place is not None else ({}, {})))
        if place is not None and self.session.landing is None:
            self._go_back(place)

    def _go_back(self, place: LastPlace) -> None:
        if place.run in self.whole.tasks:
            self.narrow(place.run)
        front = self.view.where
        for view in self.views:
            name = view.where.name.lower()
            if query := place.filters.get(name):
                self.action_view(name)
                self.apply_filter(query)
        self.action_view(front.name.lower())
        self.action_view(place.view)
        subject = self._subject_of(place)
        if subject is not None:
            self.view.go_to(subject)

    def _subject_of(self, place: LastPlace) -> Subject | None:
        """What the cursor stood on, if it is still shown."""
        if place.kind not in set(SubjectKind):
            return None
        kind = SubjectKind(place.kind)
        if kind is SubjectKind.CAUSE:
            return Subject(kind, place.row) if self.snapshot.group(place.row) is not None else None
        if kind is SubjectKind.EVENT:
            return None  # the Log begins at its end, where what is new is
        return Subject(kind, place.row, (place.row,)) if place.row in self.snapshot.tasks else None

    def remember_place(self) -> None:
        """Write down where this is, for the next time."""
        if self.session.memory is not None and self.has_landed:
            subject, (columns, orders) = self.view.subject(), self.arranged()
            place = LastPlace(
                self.view.where.name.lower(),
                self.narrowing.run,
                {where.name.lower(): query for where, query in self.filters.items()},
                subject.kind.value if subject is not None else "",
                subject.id if subject is not None else "",
                columns,
                orders,
            )
            self.session.memory.write(self._store, self.session.person_name, place)
