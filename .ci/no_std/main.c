/* The other half of the proof: a program that the library is linked into. */
int headcount_active_records(void);

int main(void) { return headcount_active_records() == 2 ? 0 : 1; }

/* core and alloc come compiled for unwinding, so the linker wants these names; nothing ever unwinds. */
void rust_eh_personality(void) {}
void _Unwind_Resume(void) {}
