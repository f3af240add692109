#!/usr/bin/perl
# Leads standard input and output to a socket of the container: relay.pl PATH
use strict;
use warnings;
use IO::Select;
use Socket;

socket my $server, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
connect $server, pack_sockaddr_un($ARGV[0]) or die "connect: $!\n";
my $ready = IO::Select->new(\*STDIN, $server);
while (my @readable = $ready->can_read) {
    for my $from (@readable) {
        my $read = sysread $from, my $bytes, 65536;
        if (!$read) {
            exit 0 if $from == $server;
            # What was asked for is still to be answered.
            shutdown $server, 1;
            $ready->remove($from);
            next;
        }
        my $to = $from == $server ? \*STDOUT : $server;
        for (my $sent = 0; $sent < length $bytes;) {
            $sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // exit 0;
        }
    }
}
