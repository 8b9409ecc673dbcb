"""What pretraining is made of: what is learnt (`causal`, `infilling`, `masked`), and how weights are moved (`masters`)."""
