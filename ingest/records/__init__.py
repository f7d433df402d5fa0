"""The types that flow from one step to the next. They hold data and do nothing."""
