"""One line to type into, in which the cursor and Backspace go by whole characters, whatever they consist of."""

from __future__ import annotations

from textual.widgets import Input

from onloop_tui.model.form.clusters import cluster_after, cluster_before


class ClusterInput(Input):
    """See Input. What is hidden goes by code points, because nothing of it may be told."""

    def action_cursor_left(self, select: bool = False) -> None:
        """Move to where the character before the cursor begins."""
        if select or self.password or not self.selection.is_empty:
            super().action_cursor_left(select)
        else:
            self.cursor_position = cluster_before(self.value, self.cursor_position)

    def action_cursor_right(self, select: bool = False) -> None:
        """Move to where the character behind the cursor ends, or accept what is suggested."""
        if select or self.password or self.cursor_at_end or not self.selection.is_empty:
            super().action_cursor_right(select)
        else:
            self.cursor_position = cluster_after(self.value, self.cursor_position)

    def action_delete_left(self) -> None:
        """Delete the character before the cursor, whole."""
        if self.password or not self.selection.is_empty:
            super().action_delete_left()
        else:
            self.delete(cluster_before(self.value, self.cursor_position), self.cursor_position)

    def action_delete_right(self) -> None:
        """Delete the character behind the cursor, whole."""
        if self.password or not self.selection.is_empty:
            super().action_delete_right()
        else:
            self.delete(self.cursor_position, cluster_after(self.value, self.cursor_position))
