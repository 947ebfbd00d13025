# SPDX-License-Identifier: GPL-2.0-or-later
"""The database: orders, lists, device facts, the audit chain. SQLAlchemy lives only here.

Every change of an order is one transaction with its audit entry, whose position is the
change sequence: what readers poll, what the controller's order book is advanced by.
"""
