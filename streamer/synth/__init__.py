"""SynthWorld: a labelled world of made clips, whose truth is known to the half second."""
