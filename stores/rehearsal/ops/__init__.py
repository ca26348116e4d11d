"""What can happen to an order, as pure changes of its document. The seeded data, the mutations and the shop owner's
acts all use these, so that quantities and money agree wherever an order comes from."""
