module github.com/plimsoll-load/plimsoll/bench

go 1.26.0
