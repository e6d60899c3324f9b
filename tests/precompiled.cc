// A library needs a source; this one is for the precompiled headers of the tests.
