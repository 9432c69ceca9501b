pub fn greeting() -> &'static str {
    "Hello from a Rust workspace\n"
}
