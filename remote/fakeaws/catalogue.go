package fakeaws

import (
	"strings"
)

// Type is one kind of machine. The catalogue's figures and prices are like those of AWS, for tests; no more is claimed.
type Type struct {
	Name      string  `json:"name"`
	VCPU      int     `json:"vcpu"`
	MiB       int     `json:"mib"`
	ARM       bool    `json:"arm,omitempty"`
	Burst     bool    `json:"burst,omitempty"` // earns CPU credits
	USDHour   float64 `json:"usd_hour"`        // on demand; 0 is not in the price list
	Network   string  `json:"network"`
	Gbit      float64 `json:"gbit"`      // baseline
	GbitBurst float64 `json:"gbitBurst"` // peak
	// Cores is how much of a CPU its container gets, VCPU if zero: a test's half a core.
	Cores float64 `json:"cores,omitempty"`
}

func (t Type) arch() string {
	if t.ARM {
		return "arm64"
	}
	return "x86_64"
}

// catalogue is what DescribeInstanceTypes knows, with those of the test.
func catalogue(more []Type) map[string]Type {
	out := map[string]Type{}
	for _, t := range append([]Type{
		{Name: "t2.micro", VCPU: 1, MiB: 1024, Burst: true, USDHour: 0.0126, Network: "Low to Moderate", Gbit: 0.064, GbitBurst: 1.024},
		{Name: "t3.nano", VCPU: 2, MiB: 512, Burst: true, USDHour: 0.0057, Network: "Up to 5 Gigabit", Gbit: 0.032, GbitBurst: 5},
		{Name: "t3.micro", VCPU: 2, MiB: 1024, Burst: true, USDHour: 0.0114, Network: "Up to 5 Gigabit", Gbit: 0.064, GbitBurst: 5},
		{Name: "t3.small", VCPU: 2, MiB: 2048, Burst: true, USDHour: 0.0228, Network: "Up to 5 Gigabit", Gbit: 0.128, GbitBurst: 5},
		{Name: "t3.medium", VCPU: 2, MiB: 4096, Burst: true, USDHour: 0.0456, Network: "Up to 5 Gigabit", Gbit: 0.256, GbitBurst: 5},
		{Name: "t4g.small", VCPU: 2, MiB: 2048, ARM: true, Burst: true, USDHour: 0.0184, Network: "Up to 5 Gigabit", Gbit: 0.128, GbitBurst: 5},
		{Name: "c6i.large", VCPU: 2, MiB: 4096, USDHour: 0.0912, Network: "Up to 12.5 Gigabit", Gbit: 0.781, GbitBurst: 12.5},
		{Name: "c7i.large", VCPU: 2, MiB: 4096, USDHour: 0.0958, Network: "Up to 12.5 Gigabit", Gbit: 0.781, GbitBurst: 12.5},
		{Name: "c7i.xlarge", VCPU: 4, MiB: 8192, USDHour: 0.1915, Network: "Up to 12.5 Gigabit", Gbit: 1.562, GbitBurst: 12.5},
		{Name: "c7i.2xlarge", VCPU: 8, MiB: 16384, USDHour: 0.383, Network: "Up to 12.5 Gigabit", Gbit: 3.125, GbitBurst: 12.5},
		{Name: "c7g.large", VCPU: 2, MiB: 4096, ARM: true, USDHour: 0.0776, Network: "Up to 12.5 Gigabit", Gbit: 0.937, GbitBurst: 12.5},
		{Name: "m7i.large", VCPU: 2, MiB: 8192, USDHour: 0.1123, Network: "Up to 12.5 Gigabit", Gbit: 0.781, GbitBurst: 12.5},
		{Name: "m7g.large", VCPU: 2, MiB: 8192, ARM: true, USDHour: 0.091, Network: "Up to 12.5 Gigabit", Gbit: 0.937, GbitBurst: 12.5},
		{Name: "r7i.large", VCPU: 2, MiB: 16384, Network: "Up to 12.5 Gigabit", Gbit: 0.781, GbitBurst: 12.5}, // no price
	}, more...) {
		out[t.Name] = t
	}
	return out
}

// image is one machine image.
type image struct {
	id, name, arch string
}

// Ids of the images behind AWS's public parameters.
const (
	ecsX86   = "ami-0ec5000000000a023"
	ecsARM   = "ami-0ec5000000000a064"
	plainX86 = "ami-0a12000000000a023"
	plainARM = "ami-0a12000000000a064"
)

func images() map[string]image {
	return map[string]image{
		ecsX86:   {ecsX86, "al2023-ami-ecs-hvm-2023.0.20261101-kernel-6.1-x86_64", "x86_64"},
		ecsARM:   {ecsARM, "al2023-ami-ecs-hvm-2023.0.20261101-kernel-6.1-arm64", "arm64"},
		plainX86: {plainX86, "al2023-ami-2023.9.20261101.0-kernel-6.1-x86_64", "x86_64"},
		plainARM: {plainARM, "al2023-ami-2023.9.20261101.0-kernel-6.1-arm64", "arm64"},
	}
}

// publicParameters are AWS's own in the parameter store of each region.
func publicParameters() map[string]Parameter {
	out := map[string]Parameter{}
	for name, id := range map[string]string{
		"/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id":       ecsX86,
		"/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/recommended/image_id": ecsARM,
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64":       plainX86,
		"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64":        plainARM,
	} {
		out[name] = Parameter{Name: name, Type: "String", Value: id}
	}
	return out
}

func isPublic(parameter string) bool { return strings.HasPrefix(parameter, "/aws/") }
