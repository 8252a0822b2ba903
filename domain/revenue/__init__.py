"""Revenue: each amount divided among partners to the cent, corrected only by entries."""
