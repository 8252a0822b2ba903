"""The network itself: who belongs to it, who upkeeps what, what the coordinator must look after."""

# Whoever knows an event knows its older versions, whatever was imported first.
from domain.network import earlier as earlier
