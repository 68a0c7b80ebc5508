"""Virtual machines for agents: an image of Debian's packages, QEMU without a network, and one channel in and out."""
