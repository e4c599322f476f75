"""The application: Qt outside, the engines inside."""
