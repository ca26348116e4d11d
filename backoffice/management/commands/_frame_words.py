"""Words of the admin's frame, Unfold, which brings no Dutch. `translations` gathers them here, so that our catalogue
answers for them; only what staff meet in this product is listed, and what Django translates is not."""

from __future__ import annotations

from django.utils.translation import gettext_noop, ngettext_lazy

FRAME_WORDS = (
    # Signing in and out, accounts
    gettext_noop("Welcome back to"),
    gettext_noop("Toggle password visibility"),
    gettext_noop("Return to site"),
    gettext_noop("You have been successfully logged out from the administration"),
    gettext_noop("After you've created a user, you’ll be able to edit more user options."),
    gettext_noop(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the "
        'password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    # Themes
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
    # The jump box
    gettext_noop("Type to search"),
    gettext_noop("No results matching your query"),
    gettext_noop("Loading more results..."),
    # As the template has it, with its line breaks
    ngettext_lazy(
        "\n                Found %(counter)s result in %(time)s seconds\n            ",
        "\n                Found %(counter)s results in %(time)s seconds\n            ",
        "counter",
    ),
    # Lists and forms of people and merchants
    gettext_noop("Apply Filters"),
    gettext_noop("Reset filters"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("No data"),
    gettext_noop("Select record"),
    gettext_noop("Select all rows"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select value"),
    gettext_noop("Expand row"),
    gettext_noop("More actions"),
    gettext_noop("Run"),
    gettext_noop("True"),
    gettext_noop("False"),
    gettext_noop("General"),
    gettext_noop("Go back"),
    gettext_noop("Cancel"),
    gettext_noop("Click to cancel"),
    gettext_noop("This item will be deleted."),
)
