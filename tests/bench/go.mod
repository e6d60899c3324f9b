module patterns.remora.dev/bench

go 1.26
