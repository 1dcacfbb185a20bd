"""When the end of a credential is near: the same for its page, the lists and the navigation."""

import datetime

SOON = datetime.timedelta(days=30)
