# SPDX-License-Identifier: GPL-2.0-or-later
"""One module per thing a person does; each change is one transaction."""
