"""The app's tables: `python3 manage.py makemigrations` writes what a change of them asks for into migrations/."""
