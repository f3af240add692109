#!/usr/bin/perl
# Answers a port of the container's loopback and passes the bytes on to the server: forward.pl PORT SERVER_PORT
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($port, $server_port) = @ARGV;
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';

my $listener = IO::Socket::INET->new(
    LocalAddr => '0.0.0.0', LocalPort => $port, Proto => 'tcp', Listen => 128, ReuseAddr => 1,
) or die "fdw-stub: cannot listen on port $port: $!\n";

while (1) {
    my $client = $listener->accept or next;
    # The server trusts what comes from its own loopback, so nobody else may come through here.
    next unless defined $client->peerhost && $client->peerhost =~ /^127\./;
    my $child = fork;
    next unless defined $child && $child == 0;
    close $listener;
    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server_port, Proto => 'tcp') or exit 1;
    my $ready = IO::Select->new($client, $server);
    while (my @readable = $ready->can_read) {
        for my $from (@readable) {
            my $to = $from == $client ? $server : $client;
            my $length = sysread $from, my $bytes, 65536;
            exit 0 unless $length;
            for (my $sent = 0; $sent < $length;) {
                my $written = syswrite $to, $bytes, $length - $sent, $sent;
                exit 0 unless defined $written;
                $sent += $written;
            }
        }
    }
    exit 0;
}
