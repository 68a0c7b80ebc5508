"""`onloop demo`: scripted agents on real repositories; everything between them is the real onloop."""
