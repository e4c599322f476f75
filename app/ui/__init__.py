"""The window and its panels: functions of snapshots that emit what the user wants."""
