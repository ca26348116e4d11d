"""What recordings do before their scenario begins and the shop does not: known here, so that it can be read."""

from __future__ import annotations

from functools import cache

from graphql import GraphQLSchema, extend_schema, parse

from stores.rehearsal.schema import executable

_SDL = """
extend type QueryRoot {
  locationsAvailableForDeliveryProfilesConnection(first: Int): LocationConnection!
}
extend type Mutation {
  orderCreate: OrderCreatePayload
  customerCreate: CustomerCreatePayload
}
type OrderCreatePayload { order: Order userErrors: [UserError!]! }
type CustomerCreatePayload { customer: Customer userErrors: [UserError!]! }
"""


@cache
def recorded_schema() -> GraphQLSchema:
    """The shop's schema with the mutations by which recorders make their orders; without their arguments, which are of
    no interest here."""
    return extend_schema(executable(), parse(_SDL))
