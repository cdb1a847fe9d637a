"""states of collections: the tables stay as they are, and the views are made anew behind each revision."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of the tables."""


def downgrade() -> None:
    """Nothing of the tables."""
