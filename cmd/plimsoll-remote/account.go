package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
)

func newInit(p process, at *place) *cobra.Command {
	var show, remove bool
	c := &cobra.Command{
		Use: "init", Short: "make the instance profile that machines need, once", GroupID: "account", Args: cli.Exactly(0, "no argument"),
		Long: `Makes the role and the instance profile plimsoll-instance, with which machines take
commands (AmazonSSMManagedInstanceCore, nothing else). It is the only command that
changes identities; --print shows the AWS commands that do the same.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if show {
				fmt.Fprint(p.stdout, dialect.ProfileCommands(plan.DefaultProfile, plan.TagManaged))
				return nil
			}
			cloud, err := p.open(c.Context(), at)
			if err != nil {
				return err
			}
			if remove {
				if err := cloud.Profiles.DeleteProfile(c.Context(), plan.DefaultProfile); err != nil {
					return err
				}
				fmt.Fprintf(p.stdout, "instance profile %s is gone\n", plan.DefaultProfile)
				return nil
			}
			if err := remote.MakeProfile(c.Context(), cloud); err != nil {
				return err
			}
			fmt.Fprintf(p.stdout, "instance profile %s is there\n", plan.DefaultProfile)
			return nil
		},
	}
	c.Flags().BoolVar(&show, "print", false, "print the AWS commands instead")
	c.Flags().BoolVar(&remove, "remove", false, "remove it again")
	return c
}

func newPolicy(p process) *cobra.Command {
	return &cobra.Command{
		Use: "policy", Short: "print the least permissions that a run needs", GroupID: "account", Args: cli.Exactly(0, "no argument"),
		Long: "Prints an IAM policy with what `size` and `run` call, for who runs them. It was never validated by AWS itself.",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.stdout, dialect.Policy())
			return err
		},
	}
}

func newDoctor(p process, at *place) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "tell what is set up for a run, and what is missing", GroupID: "account", Args: cli.Exactly(0, "no argument"),
		Long: "Asks for identity, region, default network, images, instance profile and the program plimsoll. It changes nothing.",
		RunE: func(c *cobra.Command, _ []string) error {
			cloud, err := p.open(c.Context(), at)
			if err != nil {
				return err
			}
			path, missing := remote.Beside(p.self)
			if missing != nil {
				path = missing.Error()
			}
			lines, err := remote.Doctor(c.Context(), cloud)
			for _, l := range append(lines, [2]string{"plimsoll", path}) {
				fmt.Fprintf(p.stdout, "%-18s %s\n", l[0], l[1])
			}
			return err
		},
	}
}
