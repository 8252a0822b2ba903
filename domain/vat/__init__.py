"""VAT: what a seller decided on how its supplies are taxed, from which day on."""
