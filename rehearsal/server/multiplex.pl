#!/usr/bin/perl
# Many ways into the container over one, because to begin a command in a container takes longer than most of what a way is
# for. Standard input and output carry frames: a way's number (4 bytes), a kind (1), a length (4) and so many bytes.
#   In: s PATH       begins a way to a socket           Out: d BYTES
#       c WORDS      begins a command: variables with        e BYTES  of a command's standard error
#                    their values, an empty word, its        x STATUS nothing more comes
#                    own words, each ended by \0
#       d BYTES
#       e            nothing more comes
#       x            nobody listens any more
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use POSIX ();
use Socket;

$SIG{PIPE} = 'IGNORE';
my ($readers, $writers) = (IO::Select->new(\*STDIN), IO::Select->new);
my %ways;
# What is read from or written to, with its way.
my (%way_of, %kind_of);

sub frame {
    my ($number, $kind, $bytes) = @_;
    my $frame = pack('NaN', $number, $kind, length $bytes) . $bytes;
    for (my $sent = 0; $sent < length $frame;) {
        $sent += syswrite(STDOUT, $frame, length($frame) - $sent, $sent) // exit 0;
    }
}

sub forget {
    my ($handle) = @_;
    $readers->remove($handle);
    $writers->remove($handle);
    delete $way_of{$handle};
    delete $kind_of{$handle};
    close $handle;
}

sub finish {
    my ($way) = @_;
    forget($_) for @{ $way->{from} };
    delete $ways{ $way->{number} };
    waitpid $way->{child}, 0 if $way->{child};
    frame($way->{number}, 'x', $way->{child} ? $? >> 8 || $? : 0);
}

# $to: where bytes go, and come from unless it is a command's standard error.
sub begin {
    my ($number, $child, $to, $errors) = @_;
    my @from = ($to, $errors // ());
    my $way = $ways{$number} = { number => $number, child => $child, to => $to, from => \@from, left => '', ended => 0 };
    for my $handle (@from) {
        $handle->blocking(0);
        $readers->add($handle);
        $way_of{$handle} = $way;
        $kind_of{$handle} = $handle == $to ? 'd' : 'e';
    }
}

sub begin_socket {
    my ($number, $path) = @_;
    socket my $server, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    return frame($number, 'x', 1) unless connect $server, pack_sockaddr_un($path);
    begin($number, undef, $server);
}

sub begin_command {
    my ($number, $text) = @_;
    my @words = split /\0/, $text, -1;
    my @variables;
    push @variables, splice @words, 0, 2 while $words[0] ne '';
    pop @words;
    shift @words;
    socketpair my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or die "socketpair: $!\n";
    pipe my $errors, my $complaints or die "pipe: $!\n";
    my $child = fork // die "fork: $!\n";
    if ($child == 0) {
        $SIG{PIPE} = 'DEFAULT';
        %ENV = (%ENV, @variables);
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>&', $complaints;
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    close $_ for $theirs, $complaints;
    begin($number, $child, $ours, $errors);
}

# As much as goes, without waiting: whoever is slow holds up nobody else.
sub give {
    my ($way) = @_;
    my $to = $way->{to};
    if ($way->{left} ne '') {
        my $written = syswrite $to, $way->{left};
        # Whoever does not read any more is noticed where it is read from.
        $way->{left} = '' unless defined $written || $!{EAGAIN};
        substr($way->{left}, 0, $written // 0) = '';
    }
    if ($way->{left} ne '') {
        $writers->add($to);
        return;
    }
    $writers->remove($to);
    shutdown $to, 1 if $way->{ended};
}

sub receive {
    my ($from) = @_;
    my $way = $way_of{$from} or return;
    my $read = sysread $from, my $bytes, 65536;
    return if !defined $read && $!{EAGAIN};
    return frame($way->{number}, $kind_of{$from}, $bytes) if $read;
    $way->{from} = [grep { $_ != $from } @{ $way->{from} }];
    forget($from);
    finish($way) unless @{ $way->{from} };
}

sub obey {
    my ($number, $kind, $bytes) = @_;
    return begin_socket($number, $bytes) if $kind eq 's';
    return begin_command($number, $bytes) if $kind eq 'c';
    my $way = $ways{$number} or return;
    if ($kind eq 'x') {
        kill 'KILL', $way->{child} if $way->{child};
        return finish($way);
    }
    $way->{left} .= $bytes;
    $way->{ended} = 1 if $kind eq 'e';
    give($way) if $way_of{ $way->{to} };
}

my $input = '';
while (1) {
    my ($readable, $writable) = IO::Select->select($readers, $writers);
    for my $to (@{ $writable // [] }) {
        give($way_of{$to}) if $way_of{$to};
    }
    for my $from (@{ $readable // [] }) {
        if ($from != \*STDIN) {
            receive($from);
            next;
        }
        sysread STDIN, $input, 262144, length $input or exit 0;
        my $at = 0;
        while (length($input) - $at >= 9) {
            my ($number, $kind, $length) = unpack "\@$at NaN", $input;
            last if length($input) - $at - 9 < $length;
            obey($number, $kind, substr $input, $at + 9, $length);
            $at += 9 + $length;
        }
        substr($input, 0, $at) = '';
    }
}
