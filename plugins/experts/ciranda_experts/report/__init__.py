"""The council's figures: as data, as Prometheus text, as one HTML page."""
