"""What an ACP agent says while it works: words for its log, and what stands below its task. All of it is only said."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from onloop.agents.vendors.vendor import Fields, Heard, UsedBy, count_of, fields_of, items_of, millionths, text_of
from onloop.views.sub_agents import PLAN, TOOL_CALL, SubAgentNews, cut

MOST_CALLS = 32
"""How many tool calls are remembered, the latest ones: a request for leave may only name one."""
LONGEST_SAID = 4_000
_KEPT = ("toolCallId", "title", "kind", "status", "locations", "content", "rawInput")
"""What is remembered of a call: what its leave and its log are made of."""
_MARKS = {"completed": "x", "in_progress": ">", "pending": " "}
_OVER = frozenset({"completed", "failed", "cancelled"})


@dataclass(slots=True)
class AcpUpdates:
    """Follows one session. `said` is what the agent said last; `news` what has changed below its task since `take`."""

    session: str = ""
    said: str = ""
    calls: OrderedDict[str, Fields] = field(default_factory=OrderedDict)
    news: dict[str, SubAgentNews] = field(default_factory=dict)
    _line: str = ""
    _under_way: str = ""

    def take_news(self) -> tuple[SubAgentNews, ...]:
        """What has changed below the task since this was asked last."""
        found, self.news = tuple(self.news.values()), {}
        return found

    def end(self) -> Iterator[Heard]:
        """The rest of what was said, at the end of a turn; its plan and its call are over."""
        yield from self._spoken()
        self.news |= {name: SubAgentNews(name, ended=True) for name in (PLAN, TOOL_CALL)}
        self._under_way = ""

    def hear(self, update: Fields) -> Iterator[Heard]:
        """What one update says for the log; an unknown one says nothing."""
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                yield from self._chunk(text_of(fields_of(update.get("content")).get("text")))
            case "tool_call":
                yield from self._spoken()
                self.said = ""
                yield from self._call(update)
            case "tool_call_update":
                yield from self._spoken()
                yield from self._call(update)
            case "plan":
                yield from self._spoken()
                yield from self._plan(items_of(update.get("entries")))
            case "usage_update":
                cost = fields_of(update.get("cost"))
                dollars = millionths(cost.get("amount")) if cost.get("currency") == "USD" else None
                yield Heard(
                    session=self.session,
                    tokens=count_of(update.get("used")),
                    window=count_of(update.get("size")),
                    used=(None, None, None, dollars),
                    by=UsedBy.MESSAGE if dollars is None else UsedBy.SESSION,
                )
            case _:
                return

    def _chunk(self, words: str) -> Iterator[Heard]:
        self.said = (self.said + words)[-LONGEST_SAID:]
        *lines, self._line = (self._line + words).split("\n")
        if lines or len(self._line) > LONGEST_SAID:
            if not lines:
                lines, self._line = [self._line], ""
            yield Heard("\n".join(lines), self.session, works=True)

    def _spoken(self) -> Iterator[Heard]:
        words, self._line = self._line, ""
        if words.strip():
            yield Heard(words, self.session, works=True)

    def _call(self, update: Fields) -> Iterator[Heard]:
        number = text_of(update.get("toolCallId"))
        known = self.calls.get(number, {})
        call = {**known, **{name: update[name] for name in _KEPT if update.get(name) is not None}}
        self.calls[number] = call
        self.calls.move_to_end(number)
        while len(self.calls) > MOST_CALLS:
            self.calls.popitem(last=False)
        title, status = " ".join(text_of(call.get("title")).split()), text_of(call.get("status"))
        if title and title != known.get("title"):
            yield Heard(f"$ {title}", self.session, works=True)
        if status in _OVER and status != known.get("status"):
            yield Heard("\n".join(_contents(call)) or status, self.session, works=True)
        self._note(number, title, status)

    def _note(self, number: str, title: str, status: str) -> None:
        """Of the calls, the one under way that began last stands below the task."""
        if status not in _OVER:
            self._under_way = number
            self.news[TOOL_CALL] = cut(SubAgentNews(TOOL_CALL, TOOL_CALL, title))
        elif number == self._under_way:
            self._under_way = ""
            self.news[TOOL_CALL] = SubAgentNews(TOOL_CALL, ended=True)

    def _plan(self, entries: list[Fields]) -> Iterator[Heard]:
        told = [(text_of(each.get("status")), " ".join(text_of(each.get("content")).split())) for each in entries]
        done = sum(status == "completed" for status, _ in told)
        now = next((words for status, words in told if status == "in_progress"), "")
        now = now or next((words for status, words in told if status == "pending"), "")
        self.news[PLAN] = cut(SubAgentNews(PLAN, PLAN, f"{done} of {len(told)}{': ' if now else ''}{now}"))
        lines = (f"  [{_MARKS.get(status, '?')}] {words[:200]}" for status, words in told[:50])
        yield Heard("\n".join(("plan:", *lines)), self.session, works=True)


def _contents(call: Fields) -> Iterator[str]:
    for each in items_of(call.get("content")):
        if words := text_of(fields_of(each.get("content")).get("text")):
            yield words[:LONGEST_SAID]
