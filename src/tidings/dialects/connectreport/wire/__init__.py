"""Wire: the shapes of ConnectReport's API, as it spells them."""
