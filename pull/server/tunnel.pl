#!/usr/bin/perl
# Leads connections out of a container without a network: tunnel.pl PLACE…
#
# Runs as the container's main process. It listens on each PLACE, `tcp ADDRESS PORT` or `unix PATH` in one argument, and
# hands whatever is sent there to whoever holds its standard input and output, which are made of frames:
#
#   type (1 byte), connection (4 bytes, big-endian), length (4 bytes, big-endian), content
#
#   from here: R ready; O a connection was opened, content the index of its place; D data; C closed
#   to here:   D data; C close
#
# The end of the input ends all, so that nothing outlives the process that asked for it.
use strict;
use warnings;
use File::Basename 'dirname';
use File::Path 'make_path';
use IO::Select;
use Socket qw(:DEFAULT IPPROTO_TCP TCP_NODELAY);

$SIG{PIPE} = 'IGNORE';
my $select = IO::Select->new(\*STDIN);
my (%place, %client, %number);
my ($next, $input) = (1, '');

sub written {
    my ($to, $data) = @_;
    while (length $data) {
        my $count = syswrite $to, $data;
        return 0 unless defined $count;
        substr $data, 0, $count, '';
    }
    return 1;
}

sub frame {
    my ($type, $connection, $data) = @_;
    written(\*STDOUT, pack('a N N', $type, $connection, length $data) . $data) or exit;
}

sub closed {
    my ($connection) = @_;
    my $socket = delete $client{$connection} or return;
    delete $number{fileno $socket};
    $select->remove($socket);
    close $socket;
}

for my $index (0 .. $#ARGV) {
    my ($kind, $address, $port) = split / /, $ARGV[$index], $ARGV[$index] =~ /^tcp / ? 3 : 2;
    socket my $listener, $kind eq 'tcp' ? PF_INET : PF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    if ($kind eq 'tcp') {
        setsockopt $listener, SOL_SOCKET, SO_REUSEADDR, 1;
        bind $listener, pack_sockaddr_in($port, inet_aton($address)) or die "bind $address:$port: $!\n";
    } else {
        make_path dirname $address;
        bind $listener, pack_sockaddr_un($address) or die "bind $address: $!\n";
    }
    listen $listener, 16 or die "listen: $!\n";
    $place{fileno $listener} = $index;
    $select->add($listener);
}
frame('R', 0, '');

while (1) {
    for my $ready ($select->can_read) {
        my $file = fileno $ready;
        next unless defined $file;
        if (exists $place{$file}) {
            accept my $socket, $ready or next;
            setsockopt $socket, IPPROTO_TCP, TCP_NODELAY, 1 if sockaddr_family(getsockname $socket) == AF_INET;
            $client{$next} = $socket;
            $number{fileno $socket} = $next;
            $select->add($socket);
            frame('O', $next++, $place{$file});
        } elsif ($ready == \*STDIN) {
            sysread(STDIN, $input, 65536, length $input) or exit;
            while (length $input >= 9) {
                my ($type, $connection, $length) = unpack 'a N N', $input;
                last if length $input < 9 + $length;
                my $data = substr $input, 9, $length;
                substr $input, 0, 9 + $length, '';
                if ($type eq 'C') {
                    closed($connection);
                } elsif (my $socket = $client{$connection}) {
                    unless (written($socket, $data)) {
                        closed($connection);
                        frame('C', $connection, '');
                    }
                }
            }
        } elsif (my $connection = $number{$file}) {
            if (sysread $ready, my $data, 65536) {
                frame('D', $connection, $data);
            } else {
                closed($connection);
                frame('C', $connection, '');
            }
        }
    }
}
