//! The deployed stack: the real template with the real binary, on a server that speaks the protocols of Amazon's services.

mod deployed;
