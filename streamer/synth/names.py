"""What can happen in the made world, by the senses that tell it."""

GROUPS: dict[str, tuple[str, ...]] = {
    "vision": ("person enters", "person leaves", "object falls", "lights out", "text appears"),
    "sound": ("alarm", "glass breaking", "knocking", "phone", "dog", "music"),
    "sync": ("clapping", "ball bouncing", "door slam", "hammering"),  # sight and sound at the same moments; else a decoy
    "both": ("vehicle", "fire"),  # seen, heard, or both
    "speech": ("greeting", "warning"),
    "async": ("announced arrival",),  # mentioned, and within 4 s it enters
}
LABELS: tuple[str, ...] = tuple(label for labels in GROUPS.values() for label in labels)
