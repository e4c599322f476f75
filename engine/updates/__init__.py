"""Which version of the application is out: asked once a day, and only if the user says yes."""
