module example.org/app

go 1.21

toolchain go1.21.5

require (
	github.com/a/b v1.2.3
	golang.org/x/net v0.17.0 // indirect
)

require github.com/c/d/v2 v2.0.0+incompatible

replace github.com/a/b => github.com/f/b v1.2.4
replace golang.org/x/net v0.17.0 => ../net
exclude github.com/e/f v1.0.0
