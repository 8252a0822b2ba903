"""The network itself: who belongs to it, who upkeeps what, what the coordinator must look after."""
