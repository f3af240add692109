#!/usr/bin/perl
# Listens where PostgreSQL does not and passes connections on to it: relay.pl FILE
#
# Each line of FILE is a place, `ADDRESS PORT [what is done there …]`, with percent-encoded words. ADDRESS is `*` for
# every address, `localhost`, an address of the container, or the folder of a socket. What is done:
#   options      words of the startup packet's `options` that only a vendor's proxy understands are left out
#   tls          TLS ends here, with the server's own certificate, so that channel binding holds; otherwise it is
#                declined at a place where anything is done
#   replication  a subscription finds its slot: one cluster cannot make one for itself (it would wait for itself)
#   ASKED=REAL   the database ASKED is called REAL in the server
use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Select;
use IO::Socket::IP;
use IO::Socket::UNIX;
use IPC::Open2 qw(open2);
use POSIX qw(setgid setuid);
use Socket qw(SOMAXCONN);

use constant {
    SERVER_PORT => 5432,
    SSL_REQUEST => 80877103,
    GSSENC_REQUEST => 80877104,
    CANCEL_REQUEST => 80877102,
    TLS_HANDSHAKE => 0x16,
};

my $certificates = '/fdw-stub/tls';
my @children;
$SIG{PIPE} = 'IGNORE';
# One that talks to the server would keep its session.
END { kill 'TERM', @children if @children }

sub decoded { my ($word) = @_; $word =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; return $word }

my (%rules, %ports, @places);
while (my $line = <>) {
    my ($at, $port, @done) = split ' ', $line;
    $at = decoded($at);
    if ($at eq '*') { $ports{$port} = 1; next }
    my %rule = (database => {});
    for my $word (@done) {
        if ($word =~ /^(.*)=(.*)$/) { $rule{database}{ decoded($1) } = decoded($2) }
        else { $rule{$word} = 1 }
    }
    $rules{"$at $port"} = \%rule;
    if ($at =~ m{^/} || $port == SERVER_PORT) { push @places, [$at, $port] }
    else { $ports{$port} = 1 }
}

my @listeners;
for my $port (sort keys %ports) {
    my %common = (LocalPort => $port, Proto => 'tcp', Listen => SOMAXCONN, ReuseAddr => 1);
    push @listeners, IO::Socket::IP->new(LocalHost => '0.0.0.0', %common)
        || die "fdw-stub: cannot listen on port $port: $@\n";
    # A container without IPv6 has nobody who would ask here.
    my $v6 = IO::Socket::IP->new(LocalHost => '::', V6Only => 1, %common);
    push @listeners, $v6 if $v6;
}
for my $place (@places) {
    my ($at, $port) = @$place;
    if ($at =~ m{^/}) {
        require File::Path;
        File::Path::make_path($at);
        my $path = "$at/.s.PGSQL.$port";
        unlink $path;
        push @listeners, IO::Socket::UNIX->new(Local => $path, Listen => SOMAXCONN)
            || die "fdw-stub: cannot listen on $path: $!\n";
        chmod 0777, $path;
    } else {
        push @listeners, IO::Socket::IP->new(LocalHost => $at, LocalPort => $port, Proto => 'tcp', Listen => SOMAXCONN, ReuseAddr => 1)
            || die "fdw-stub: cannot listen on $at:$port: $@\n";
    }
}

# Nothing below needs root.
my (undef, undef, $uid, $gid) = getpwnam 'postgres';
$) = "$gid $gid";
setgid($gid);
setuid($uid) or die "fdw-stub: cannot become postgres: $!\n";

my $waiting = IO::Select->new(@listeners);
$SIG{CHLD} = 'IGNORE';
while (1) {
    for my $listener ($waiting->can_read) {
        my $client = $listener->accept or next;
        my $rule = rule_for($client);
        next unless $rule;
        my $child = fork;
        next unless defined $child && $child == 0;
        close $_ for @listeners;
        $SIG{CHLD} = 'DEFAULT';
        $SIG{TERM} = sub { exit 0 };
        open STDERR, '>', '/dev/null';
        serve($client, $rule);
        exit 0;
    }
}

# The server trusts what comes from its own loopback, so nobody else may come through here: a connection from inside
# has a loopback's address, or the very address that it asks.
sub rule_for {
    my ($client) = @_;
    if ($client->isa('IO::Socket::UNIX')) {
        my ($folder, $port) = $client->hostpath =~ m{^(.*)/\.s\.PGSQL\.(\d+)$} or return;
        return $rules{"$folder $port"};
    }
    my ($peer, $asked, $port) = ($client->peerhost, $client->sockhost, $client->sockport);
    return unless defined $peer && ($peer eq $asked || $peer =~ /^127\./);
    my $local = $asked eq '127.0.0.1' || $asked eq '::1';
    return $rules{ ($local ? 'localhost' : $asked) . " $port" } || {};
}

sub server {
    return IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => SERVER_PORT, Proto => 'tcp') || exit 1;
}

sub put {
    my ($to, $bytes) = @_;
    for (my $sent = 0; $sent < length $bytes;) {
        my $written = syswrite $to, $bytes, length($bytes) - $sent, $sent;
        exit 0 unless defined $written;
        $sent += $written;
    }
}

# Exactly so many bytes, with what was read before in $$ahead.
sub take {
    my ($from, $count, $ahead) = @_;
    while (length $$ahead < $count) {
        my $more = sysread $from, $$ahead, 65536, length $$ahead;
        exit 0 unless $more;
    }
    return substr $$ahead, 0, $count, '';
}

# Passes on what comes, until one side has ended. Each pair is [from, to, what changes the bytes on the way].
sub pump {
    my (@pairs) = @_;
    my %pair = map { fileno($_->[0]) => $_ } @pairs;
    my $ready = IO::Select->new(map { $_->[0] } @pairs);
    my $ending;
    # The end of the server's words may still be on its way through openssl.
    while (my @readable = $ready->can_read($ending ? 0.2 : undef)) {
        for my $from (@readable) {
            my (undef, $to, $change) = @{ $pair{ fileno $from } };
            my $length = sysread $from, my $bytes, 65536;
            if (!$length) {
                return if @pairs == 2;
                $ready->remove($from);
                $ending = 1;
                next;
            }
            $bytes = $change->($bytes) if $change;
            put($to, $bytes) if length $bytes;
        }
    }
}

sub serve {
    my ($client, $rule) = @_;
    if (!%$rule) {
        my $server = server();
        return pump([$client, $server], [$server, $client]);
    }
    my ($from, $to, $ahead, @tls) = ($client, $client, '');
    while (1) {
        $ahead = take($from, 1, \$ahead) . $ahead;
        my $first = unpack 'C', $ahead;
        if ($first == TLS_HANDSHAKE) {
            return unless $rule->{tls} && !@tls;
            ($from, $to, @tls) = end_tls($client, $ahead);
            $ahead = '';
            next;
        }
        my $head = take($from, 8, \$ahead);
        my ($length, $code) = unpack 'N N', $head;
        if ($code == SSL_REQUEST && !@tls) {
            put($to, $rule->{tls} ? 'S' : 'N');
        } elsif ($code == GSSENC_REQUEST) {
            put($to, 'N');
        } elsif ($code == CANCEL_REQUEST) {
            put(server(), $head . take($from, $length - 8, \$ahead));
            return;
        } else {
            return if $length < 8 || $length > 10000;
            return start($rule, $code, take($from, $length - 8, \$ahead), $ahead, $from, $to, @tls);
        }
    }
}

# Rewrites the startup packet and passes the rest on.
sub start {
    my ($rule, $version, $body, $ahead, $from, $to, @tls) = @_;
    my @words = split /\0/, $body;
    my (@names, %value);
    while (@words >= 2 && length $words[0]) {
        my ($name, $value) = splice @words, 0, 2;
        push @names, $name unless exists $value{$name};
        $value{$name} = $value;
    }
    my $asked = defined $value{database} && length $value{database} ? $value{database} : $value{user};
    if (defined $asked && exists $rule->{database}{$asked}) {
        push @names, 'database' unless exists $value{database};
        $value{database} = $rule->{database}{$asked};
    }
    if ($rule->{options} && defined $value{options}) {
        $value{options} = server_options($value{options});
        @names = grep { $_ ne 'options' } @names unless length $value{options};
    }
    my $change;
    if ($rule->{replication} && ($value{replication} // '') eq 'database') {
        @names = grep { $_ ne 'replication' } @names;
        $change = slot_keeper($to);
    }
    my $packet = join '', (map { "$_\0$value{$_}\0" } @names), "\0";
    my ($server, $answers) = @tls ? begin_tls() : do { my $socket = server(); ($socket, $socket) };
    put($server, pack('N N', 8 + length $packet, $version) . $packet);
    put($server, $change ? $change->($ahead) : $ahead) if length $ahead;
    pump([$from, $server, $change], [$answers, $to], @tls);
}

# Only words that PostgreSQL's own command line knows: switches, and the values of those that stand apart.
sub server_options {
    my ($options) = @_;
    my (@kept, $before);
    for my $word ($options =~ /(?:\\.|[^\s\\])+/gs) {
        push @kept, $word if $word =~ /^-/ || (defined $before && $before =~ /^-[cBDEFhijklnNOoPprSsTtv]$/);
        $before = $word;
    }
    return join ' ', @kept;
}

# The client's side of a TLS connection, ended by openssl, which knows nothing of PostgreSQL's startup.
sub end_tls {
    my ($client, $ahead) = @_;
    my $folder = tempdir(CLEANUP => 1);
    push @children, open2(my $out, my $in, 'openssl', 's_server', '-quiet', '-naccept', '1', '-unix', "$folder/s",
        '-cert', "$certificates/server.crt", '-key', "$certificates/server.key", '-CAfile', "$certificates/ca.crt",
        '-verify', '1', '-verify_quiet', '-alpn', 'postgresql', '-num_tickets', '0');
    my $inner;
    for (1 .. 500) {
        $inner = IO::Socket::UNIX->new(Peer => "$folder/s") and last;
        select undef, undef, undef, 0.01;
    }
    exit 1 unless $inner;
    put($inner, $ahead);
    # Its plain side speaks only after the handshake, which these two pass on meanwhile.
    my @pairs = ([$client, $inner], [$inner, $client]);
    my $waiting = IO::Select->new($client, $inner, $out);
    while (my @readable = $waiting->can_read) {
        last if grep { $_ == $out } @readable;
        for my $from (@readable) {
            sysread $from, my $bytes, 65536 or exit 0;
            put($from == $client ? $inner : $client, $bytes);
        }
    }
    return ($out, $in, @pairs);
}

# The server's side: the same certificate there means the same channel binding here.
sub begin_tls {
    my @own = -e "$certificates/client.crt" ? ('-cert', "$certificates/client.crt", '-key', "$certificates/client.key") : ();
    push @children, open2(my $out, my $in, 'openssl', 's_client', '-quiet', '-verify_quiet', '-starttls', 'postgres',
        '-connect', '127.0.0.1:' . SERVER_PORT, '-CAfile', "$certificates/ca.crt", @own);
    return ($in, $out);
}

# Answers the commands about slots that a subscription sends, and passes everything else on.
sub slot_keeper {
    my ($to) = @_;
    my $pending = '';
    return sub {
        $pending .= $_[0];
        my $passed = '';
        while (length $pending >= 5) {
            my ($type, $length) = unpack 'a N', $pending;
            last if length $pending < 1 + $length;
            my $message = substr $pending, 0, 1 + $length, '';
            my $answer = $type eq 'Q' ? slot_answer(substr $message, 5, -1) : undef;
            if (defined $answer) { put($to, $answer) }
            else { $passed .= $message }
        }
        return $passed;
    };
}

sub message { my ($type, $body) = @_; return pack('a N', $type, 4 + length $body) . $body }

sub row {
    my (@columns) = @_;
    my $heads = join '', map { "$_->[0]\0" . pack 'N n N n N n', 0, 0, 25, 0xffff, 0xffffffff, 0 } @columns;
    my $values = join '', map { defined $_->[1] ? pack('N', length $_->[1]) . $_->[1] : pack('N', 0xffffffff) } @columns;
    return message('T', pack('n', scalar @columns) . $heads) . message('D', pack('n', scalar @columns) . $values);
}

sub slot_answer {
    my ($command) = @_;
    my $done = sub { return join('', @_) . message('Z', 'I') };
    if ($command =~ /^\s*CREATE_REPLICATION_SLOT\s+"?((?:[^"\s]|"")+)/i) {
        return $done->(row(['slot_name', $1], ['consistent_point', '0/0'], ['snapshot_name', undef], ['output_plugin', 'pgoutput']),
            message('C', "CREATE_REPLICATION_SLOT\0"));
    }
    return $done->(message('C', "$1_REPLICATION_SLOT\0")) if $command =~ /^\s*(DROP|ALTER)_REPLICATION_SLOT/i;
    return $done->(message('E', "SERROR\0C0A000\0Mthe stub of an upstream publishes nothing\0\0"))
        if $command =~ /^\s*START_REPLICATION/i;
    return undef;
}
