"""The paper itself: networks, image geometry, scoring. No TFX here."""
