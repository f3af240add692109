#!/usr/bin/perl
# Gives the loopback interface the addresses on standard input, one a line. Needs NET_ADMIN.
# By netlink, because the image has no `ip`: rtnetlink(7), RTM_NEWADDR.
use strict;
use warnings;
use Socket qw(AF_INET AF_INET6 SOCK_RAW inet_pton);

use constant { AF_NETLINK => 16, RTM_NEWADDR => 20, REQUEST_CREATE_REPLACE_ACK => 0x505, IFA_ADDRESS => 1, IFA_LOCAL => 2 };

sub attribute {
    my ($type, $value) = @_;
    return pack('S S a*', 4 + length $value, $type, $value) . "\0" x (-length($value) % 4);
}

# The interface's number: always the first, but it costs nothing to look.
open my $lo, '<', '/sys/class/net/lo/ifindex' or die "fdw-stub: no loopback interface: $!\n";
chomp(my $interface = <$lo>);

# The gateway is how this machine reaches the published port; answered here, nobody could.
my %gateway;
if (open my $routes, '<', '/proc/net/route') {
    while (<$routes>) {
        my (undef, $to, $via) = split;
        $gateway{ join '.', reverse map { hex } $via =~ /../g } = 1 if $to eq '00000000';
    }
}

socket my $netlink, AF_NETLINK, SOCK_RAW, 0 or die "fdw-stub: no netlink: $!\n";
while (my $address = <STDIN>) {
    chomp $address;
    die "fdw-stub: the address $address of an upstream is the gateway of the stack's own Docker network, which has "
        . "to stay reachable; let Docker use other networks (default-address-pools in daemon.json)\n"
        if $gateway{$address};
    my $is_v6 = $address =~ /:/;
    my $bytes = inet_pton($is_v6 ? AF_INET6 : AF_INET, $address) or die "fdw-stub: $address is no address\n";
    my $body = pack('C C C C L', $is_v6 ? AF_INET6 : AF_INET, 8 * length $bytes, 0, 0, $interface)
        . attribute(IFA_LOCAL, $bytes) . attribute(IFA_ADDRESS, $bytes);
    syswrite $netlink, pack('L S S L L a*', 16 + length $body, RTM_NEWADDR, REQUEST_CREATE_REPLACE_ACK, 1, 0, $body);
    sysread $netlink, my $answer, 4096;
    # An acknowledgement is an error message with the number 0.
    my $error = -unpack 'l', substr $answer, 16, 4;
    if ($error) {
        local $! = $error;
        die "fdw-stub: cannot give the container the address $address: $!"
            . ($is_v6 ? " (has this machine IPv6 in its kernel?)" : "") . "\n";
    }
}
