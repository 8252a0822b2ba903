"""Revenue: each amount divided among partners to the cent, corrected only by entries."""

# Whoever knows an event knows its older versions, whatever was imported first.
from domain.revenue import earlier as earlier
