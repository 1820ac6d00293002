"""The lab beside engines of other releases of Debian, each on a machine of its own made here.

A machine is a root made by debootstrap, in mount, process, network and control group namespaces of
its own, with a pair of network devices that leads out: its engine sees nothing of the host's, and
the host's nothing of it. All processes of one end with the command that began it, however that
ends, and their mounts and devices with them; what the kernel does not take away by itself (control
groups, firewall rules, the folder) the next run does.
"""
