"""The probe beside the server: reads /proc and answers datagrams."""
