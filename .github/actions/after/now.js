// Nothing yet: the action is here for what comes after.
