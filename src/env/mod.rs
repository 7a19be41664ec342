//! Every seam to the world in one struct, real and fake.
