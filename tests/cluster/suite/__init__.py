"""What kubectl prints, case by case, against this project's cluster or any other."""
