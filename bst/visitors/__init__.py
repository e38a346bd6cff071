"""Where visitors come from and go to: personas, real users, imported files, exports."""
