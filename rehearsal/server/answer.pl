#!/usr/bin/perl
# Answers whatever a schema under rehearsal asks for: answer.pl SUPERUSER
#
# Runs as root and as the container's main process. Every host name gets an address of its own (a small DNS server),
# every address leads here (routes to the loopback device, where the engine allows them), and whoever connects to any of
# the ports and sockets that are listened on is let into the database that he asked for, as the superuser: so upstream
# users never collide with the roles that the schema creates. What was asked for is told on standard output.
#
# Standard input, one command a line:   Standard output, one JSON object a line:
#   serve ARGUMENT…                       {"event":"ready","addresses":…} once, when the cluster is initialised
#   routes                                {"event":"connection","host":…,"port":…,"database":…,"user":…,
#   listen PORT                            "password":…,"tls":…}
#   socket DIRECTORY PORT                 {"event":"unanswered","user":…} for one who has no password to give
#   trust USER                            {"event":"done","n":…} after each command, in order
#   scram USER PASSWORD
#   plain DATABASE
#   tls                                   {"event":"failed","n":…,"message":…} when it could not be carried out
#   authority PATH
#   client CERTIFICATE KEY USER
#   place memory|disk                     where clusters stand from now on
#   stop
#   sync
#   rest SECONDS
# The server inside gives the same commands by the socket `socket/control`; of these nothing is told.
# Texts among the arguments are hexadecimal. `serve` begins with a fresh copy of the initialised cluster, and its
# arguments are PostgreSQL's; `stop` leaves such a copy for the stack's own server. The end of the input ends all, but after
# `rest`: then nothing of what was run is left, and the first who connects to the socket `socket/next` in time gives the
# commands from then on.
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Digest::SHA 'hmac_sha256';
use IO::Handle;
use IO::Select;
use MIME::Base64 'encode_base64';
use POSIX ();
use Socket;

my ($superuser) = @ARGV;
my $home    = '/rehearsal';
my $inner   = "$home/socket/.s.PGSQL.5432";
# Clusters stand in memory, where making a file costs next to nothing; what takes more room than that stands on disk.
my $memory   = "$home/memory";
my $place    = $memory;
my $data     = "$home/data";
my $pristine = "$memory/pristine";
my ($uid, $gid) = (getpwnam 'postgres')[2, 3];
my $bin = $ENV{PG_MAJOR} && -x "/usr/lib/postgresql/$ENV{PG_MAJOR}/bin/postgres"
    ? "/usr/lib/postgresql/$ENV{PG_MAJOR}/bin" : '/usr/local/bin';

$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';
$| = 1;

sub text {
    my ($value) = @_;
    return 'null' unless defined $value;
    my %short = ("\n" => '\n', "\r" => '\r', "\t" => '\t', '"' => '\"', '\\' => '\\\\');
    $value =~ s/([\x00-\x1f"\\])/$short{$1} \/\/ sprintf '\\u%04x', ord $1/ge;
    return "\"$value\"";
}

sub report { syswrite STDOUT, "$_[0]\n" }

# ---- Addresses ----------------------------------------------------------------------------------------------------

# Adds or deletes a route of type `local` through the loopback device: all addresses of a range are then this host's.
sub route {
    my ($add, $family, $bits, $prefix) = @_;
    socket(my $netlink, 16, SOCK_RAW, 0) or return;
    my $attributes = pack('SSa*', 4 + length $prefix, 1, $prefix) . pack('SSL', 8, 4, 1);
    my $message = pack 'CCCCCCCCL', $family, $bits, 0, 0, 254, 3, 254, 2, 0;
    my $length = 16 + length($message) + length $attributes;
    my $flags = $add ? 0x405 : 0x5;
    send $netlink, pack('LSSLL', $length, $add ? 24 : 25, $flags, 1, 0) . $message . $attributes, 0,
        pack 'SSLL', 16, 0, 0, 0;
    recv $netlink, my $answer, 4096, 0;
    my $error = unpack 'l', substr $answer, 16, 4;
    return $error == 0;
}

sub routes {
    my ($add) = @_;
    my $four = route($add, AF_INET, 1, "\0\0\0\0") && route($add, AF_INET, 1, "\x80\0\0\0");
    my $six = route($add, AF_INET6, 1, "\0" x 16) && route($add, AF_INET6, 1, "\x80" . "\0" x 15);
    return ($four, $six);
}

# ---- Names --------------------------------------------------------------------------------------------------------

my (%address_of, %name_of);
my $answers_names = 1;

sub answer_name {
    my ($dns) = @_;
    my $peer = recv $dns, my $query, 512, 0;
    return unless defined $peer && length $query > 16;
    my ($id, $flags, $count) = unpack 'nnn', $query;
    my ($at, @labels) = (12);
    while ((my $length = ord substr $query, $at, 1) > 0) {
        push @labels, substr $query, $at + 1, $length;
        $at += 1 + $length;
        return if $at > length $query;
    }
    my $question = substr $query, 12, $at + 5 - 12;
    my ($type) = unpack 'n', substr $question, -4, 2;
    my $name = lc join '.', @labels;
    my $records = '';
    if ($type == 1 && $answers_names) {
        if (!exists $address_of{$name}) {
            my $number = 1 + keys %address_of;
            my $address = inet_aton(sprintf '127.77.%d.%d', $number / 250, 1 + $number % 250);
            $address_of{$name} = $address;
            $name_of{inet_ntoa $address} = $name;
        }
        $records = pack 'nnnNna4', 0xc00c, 1, 1, 5, 4, $address_of{$name};
    }
    # 3: there is no such name.
    send $dns, pack('nnnnnn', $id, $answers_names ? 0x8580 : 0x8583, 1, $records eq '' ? 0 : 1, 0, 0) . $question . $records, 0, $peer;
}

# ---- Listening ----------------------------------------------------------------------------------------------------

my %listening;

sub listen_on {
    my ($port) = @_;
    return if $listening{$port};
    my $socket;
    if (socket $socket, AF_INET6, SOCK_STREAM, 0) {
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
        # 26 is IPV6_V6ONLY: one socket for both families.
        setsockopt $socket, 41, 26, 0;
        undef $socket unless bind $socket, pack_sockaddr_in6($port, "\0" x 16);
    }
    if (!$socket) {
        socket $socket, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
        setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1;
        bind $socket, pack_sockaddr_in($port, INADDR_ANY) or die "cannot listen on port $port: $!\n";
    }
    listen $socket, 256 or die "cannot listen on port $port: $!\n";
    $listening{$port} = { socket => $socket, port => $port };
}

sub listen_in {
    my ($directory, $port) = @_;
    my $path = "$directory/.s.PGSQL.$port";
    return if $listening{$path};
    my $made = '';
    for my $part (split m{/}, substr $directory, 1) {
        $made .= "/$part";
        mkdir $made, 0755;
    }
    unlink $path;
    socket my $socket, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    bind $socket, pack_sockaddr_un($path) or die "cannot listen on $path: $!\n";
    chmod 0777, $path;
    listen $socket, 256 or die "cannot listen on $path: $!\n";
    my $default = $directory eq '/var/run/postgresql' || $directory eq '/tmp';
    $listening{$path} = { socket => $socket, port => $port, host => $default ? 'localhost' : $directory };
}

sub listen_nowhere {
    for my $key (keys %listening) {
        close $listening{$key}{socket};
        unlink $key if $key =~ m{^/};
        delete $listening{$key};
    }
}

# The host that a connection was made to: a name that was asked for, an address, or this server itself.
sub host_of {
    my ($client) = @_;
    my $local = getsockname $client;
    my $address;
    if (sockaddr_family($local) == AF_INET6) {
        my (undef, $bytes) = unpack_sockaddr_in6($local);
        $address = $bytes =~ /^\0{10}\xff\xff/ ? inet_ntoa(substr $bytes, 12) : Socket::inet_ntop(AF_INET6, $bytes);
    } else {
        $address = inet_ntoa((unpack_sockaddr_in($local))[1]);
    }
    return $name_of{$address} // ($address =~ /^127\.|^::1$/ ? 'localhost' : $address);
}

# The database that stands for an upstream's: one of its own for each place, except for this server itself and for
# databases that the script fills.
my %plain;

sub stub_name {
    my ($host, $port, $database) = @_;
    return $database if $plain{$database} || ($host eq 'localhost' && $port == 5432);
    my $name = "$database\@$host:$port";
    return length $name > 63 ? 'fdw_stub_' . md5_hex($name) : $name;
}

# ---- One connection -----------------------------------------------------------------------------------------------

my %trusted;
# Users who are asked by SCRAM, with what they will answer.
my %passwords;
# Off until something insists on it: a certificate for each host takes time.
my $speaks_tls = 0;

sub take {
    my ($from, $length) = @_;
    my $bytes = '';
    while (length $bytes < $length) {
        my $read = sysread $from, $bytes, $length - length $bytes, length $bytes;
        POSIX::_exit(0) unless $read;
    }
    return $bytes;
}

sub give {
    my ($to, $bytes) = @_;
    for (my $sent = 0; $sent < length $bytes;) {
        my $written = syswrite $to, $bytes, length($bytes) - $sent, $sent;
        POSIX::_exit(0) unless defined $written;
        $sent += $written;
    }
}

sub pump {
    my ($one, $other) = @_;
    my $ready = IO::Select->new($one, $other);
    while (my @readable = $ready->can_read) {
        for my $from (@readable) {
            my $read = sysread $from, my $bytes, 65536;
            POSIX::_exit(0) unless $read;
            give($from == $one ? $other : $one, $bytes);
        }
    }
}

sub connect_inside {
    socket my $server, AF_UNIX, SOCK_STREAM, 0 or POSIX::_exit(1);
    connect $server, pack_sockaddr_un($inner) or POSIX::_exit(1);
    return $server;
}

sub startup {
    my (%parameters) = @_;
    my $body = pack('N', 196608) . join('', map { "$_\0$parameters{$_}\0" } sort keys %parameters) . "\0";
    return pack('N', 4 + length $body) . $body;
}

# What is done here is no statement of the schema's, and no matter of the server's log.
my %quiet = (log_statement => 'none', log_min_messages => 'panic');

# Reads messages until one of a type; the whole message.
sub message {
    my ($from, $wanted) = @_;
    while (1) {
        my ($type, $length) = unpack 'aN', take($from, 5);
        my $body = take($from, $length - 4);
        return ($type, $body) if $wanted =~ /\Q$type\E/;
    }
}

sub create_database {
    my ($name) = @_;
    my $server = connect_inside();
    give($server, startup(user => $superuser, database => 'postgres', %quiet));
    message($server, 'ZE');
    (my $quoted = $name) =~ s/"/""/g;
    my $strategy = ($ENV{PG_MAJOR} // '') =~ /^(\d+)/ && $1 >= 15 ? ' STRATEGY file_copy' : '';
    my $sql = "CREATE DATABASE \"$quoted\" TEMPLATE template0$strategy\0";
    give($server, 'Q' . pack('N', 4 + length $sql) . $sql);
    message($server, 'Z');
    give($server, 'X' . pack 'N', 4);
}

# A connection to the server inside that has been let in; what it said until then.
sub enter {
    my ($parameters) = @_;
    my $first = 1;
    while (1) {
        my $server = connect_inside();
        give($server, startup(%$parameters, user => $superuser, %quiet));
        my $said = '';
        while (1) {
            my ($type, $length) = unpack 'aN', my $head = take($server, 5);
            my $body = take($server, $length - 4);
            $said .= $head . $body;
            return ($server, $said) if $type eq 'Z' || ($type eq 'E' && !$first);
            next unless $type eq 'E';
            # 3D000: the database does not exist.
            return ($server, $said) unless $body =~ /\0C3D000\0/;
            create_database($parameters->{database});
            last;
        }
        $first = 0;
    }
}

# Ends TLS for a client: openssl speaks it, on a socket of its own, with a certificate for the name that was asked for.
sub secure {
    my ($client, $host) = @_;
    my $folder = "$home/tls";
    (my $file = $host) =~ s{[^A-Za-z0-9.-]}{_}g;
    system 'sh', "$home/certificate.sh", 'server', "$folder/$file", $host unless -s "$folder/$file.crt";
    my $path = "$folder/$$.sock";
    socketpair my $plain, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC or POSIX::_exit(1);
    if (fork == 0) {
        open STDIN, '<&', $theirs;
        open STDOUT, '>&', $theirs;
        open STDERR, '>', '/dev/null';
        close $_ for $plain, $client;
        exec 'openssl', 's_server', '-quiet', '-unix', $path, '-unlink', '-naccept', 1, '-cert', "$folder/$file.crt",
            '-key', "$folder/$file.key", '-cert_chain', "$folder/ca.crt", '-alpn', 'postgresql'
            or POSIX::_exit(1);
    }
    close $theirs;
    socket my $outer, AF_UNIX, SOCK_STREAM, 0;
    for (my $tries = 0; !connect $outer, pack_sockaddr_un($path); $tries++) {
        POSIX::_exit(1) if $tries > 500;
        select undef, undef, undef, 0.005;
    }
    unlink $path;
    if (fork == 0) {
        close $plain;
        pump($client, $outer);
        POSIX::_exit(0);
    }
    close $_ for $client, $outer;
    return $plain;
}

sub password_of {
    my ($client, $user) = @_;
    give($client, 'R' . pack 'NN', 8, 3);
    my $head = '';
    while (length $head < 5) {
        my $read = sysread $client, $head, 5 - length $head, length $head;
        next if $read;
        # He has none: libpq closes the connection then.
        report('{"event":"unanswered","user":' . text($user) . '}');
        POSIX::_exit(0);
    }
    my ($type, $length) = unpack 'aN', $head;
    my $body = take($client, $length - 4);
    POSIX::_exit(0) unless $type eq 'p';
    $body =~ s/\0.*//s;
    return $body;
}

# A user whose password is known is asked for it as PostgreSQL would, by SCRAM: who insists on it, or on channel binding,
# accepts nothing else. The proof is not checked, because the answer comes from the mapping that told the password.
sub scram {
    my ($client, $password, $tls) = @_;
    my $ask = sub {
        my ($code, $text) = @_;
        give($client, 'R' . pack 'NNa*', 8 + length $text, $code, $text);
        my ($type, $length) = unpack 'aN', take($client, 5);
        my $body = take($client, $length - 4);
        POSIX::_exit(0) unless $type eq 'p';
        return $body;
    };
    my $first = $ask->(10, ($tls ? "SCRAM-SHA-256-PLUS\0" : '') . "SCRAM-SHA-256\0\0");
    $first =~ s/^[^\0]*\0....//s;
    my ($bare, $nonce) = $first =~ /((?:n=[^,]*,)?r=([^,]*).*)$/s or POSIX::_exit(0);
    my $salt = pack 'NN', $$, time;
    my $challenge = "r=$nonce$$" . "x,s=" . encode_base64($salt, '') . ',i=4096';
    my $final = $ask->(11, $challenge);
    (my $without = $final) =~ s/,p=[^,]*$//;
    my $block = my $salted = hmac_sha256($salt . pack('N', 1), $password);
    for (2 .. 4096) {
        $block = hmac_sha256($block, $password);
        $salted ^= $block;
    }
    my $signature = hmac_sha256("$bare,$challenge,$without", hmac_sha256('Server Key', $salted));
    my $verdict = 'v=' . encode_base64($signature, '');
    give($client, 'R' . pack 'NNa*', 8 + length $verdict, 12, $verdict);
}

sub answer_connection {
    my ($client, $listener) = @_;
    my $host = $listener->{host} // host_of($client);
    my $tls = 0;
    my $start = '';
    recv $client, my $first, 1, MSG_PEEK;
    # TLS without a request for it: sslnegotiation=direct.
    if (defined $first && $first eq "\x16") {
        ($client, $tls) = (secure($client, $host), 1);
    }
    while (1) {
        my $length = unpack 'N', take($client, 4);
        POSIX::_exit(0) if $length < 8 || $length > 100_000;
        $start = take($client, $length - 4);
        my $code = unpack 'N', $start;
        if ($code == 80877103 && $speaks_tls && !$tls && !$listener->{host}) {
            give($client, 'S');
            ($client, $tls) = (secure($client, $host), 1);
        } elsif ($code == 80877103 || $code == 80877104) {
            give($client, 'N');
        } elsif ($code == 80877102) {
            # A request to cancel goes to the server as it is.
            give(connect_inside(), pack('N', $length) . $start);
            POSIX::_exit(0);
        } else {
            last;
        }
    }
    my @words = split /\0/, substr($start, 4), -1;
    my %parameters;
    while (@words > 1 && $words[0] ne '') {
        my ($name, $value) = splice @words, 0, 2;
        # Extensions of the protocol are not needed here.
        $parameters{$name} = $value unless $name =~ /^_pq_\./;
    }
    my $user = $parameters{user} // '';
    $parameters{database} = $user if ($parameters{database} // '') eq '';
    my $password = $passwords{$user};
    if (defined $password) {
        scram($client, $password, $tls);
    } elsif (!$trusted{$user}) {
        $password = password_of($client, $user);
    }
    report('{"event":"connection","host":' . text($host) . ',"port":' . $listener->{port}
        . ',"database":' . text($parameters{database}) . ',"user":' . text($user)
        . ',"password":' . text($password) . ',"tls":' . ($tls ? 'true' : 'false') . '}');
    $parameters{database} = stub_name($host, $listener->{port}, $parameters{database});
    my ($server, $said) = enter(\%parameters);
    give($client, $said);
    pump($client, $server);
}

# ---- The server ---------------------------------------------------------------------------------------------------

my $postmaster;

sub as_postgres {
    my ($run) = @_;
    my $child = fork // die "fork: $!\n";
    return $child if $child;
    close $_->{socket} for values %listening;
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    POSIX::setsid();
    # Where libpq looks for certificates by default.
    $ENV{HOME} = (getpwnam 'postgres')[7];
    $run->();
    POSIX::_exit(1);
}

# An ended child that nobody has waited for still answers to kill.
sub running {
    return unless defined $postmaster;
    waitpid $postmaster, POSIX::WNOHANG();
    return kill 0, $postmaster;
}

# The stack's own server, which others started here.
sub find_postmaster {
    open my $file, '<', "$data/postmaster.pid" or return;
    my $line = <$file>;
    $postmaster = $1 if defined $line && $line =~ /^(\d+)$/;
}

# What the stack's own server started beside PostgreSQL, so that nothing of it listens any more. All of it is one session.
sub end_others {
    open my $file, '<', "$home/session" or return;
    chomp(my $session = <$file> // '');
    unlink "$home/session";
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $process, '<', $stat or next;
        # PID (COMMAND) STATE PARENT GROUP SESSION
        my ($pid, $its) = (<$process> // '') =~ /^(\d+) \(.*\) \S \d+ \d+ (\d+) /s or next;
        kill 'KILL', $pid if $its eq $session && $pid != ($postmaster // 0);
    }
}

sub stop {
    find_postmaster() unless running();
    end_others();
    return unless running();
    # At once: the cluster is thrown away.
    kill 'QUIT', $postmaster;
    for (1 .. 5000) {
        last unless running();
        select undef, undef, undef, 0.002;
    }
    kill 'KILL', $postmaster if running();
    undef $postmaster;
}

# What was made outside of our own folder, so that the stack's own server does not find it.
my @made;

# Takes away what the stack's own server made in this container beside its cluster: helpers that still run, and what its
# entrypoint put outside of its folder.
sub forget_final {
    if (open my $file, '<', "$home/session") {
        my ($session) = <$file> =~ /^(\d+)/;
        for my $process (map { m{(\d+)} } glob '/proc/[0-9]*') {
            open my $status, '<', "/proc/$process/stat" or next;
            my (undef, undef, undef, $belongs) = split ' ', <$status> =~ s/^.*\) //sr;
            kill 'KILL', $process if defined $session && $belongs == $session;
        }
        unlink "$home/session";
    }
    my $user_home = (getpwnam 'postgres')[7];
    if (open my $file, '<', '/fdw-stub/certificates') {
        unlink map { /^\S+ (\/.*)$/ ? $1 : () } <$file>;
    }
    if (open my $file, '<', '/fdw-stub/sockets') {
        unlink map { /^(\d+) (.*)$/ ? "$2/.s.PGSQL.$1" : () } <$file>;
    }
    system 'rm', '-rf', '/fdw-stub', "$user_home/.postgresql";
}

sub forget {
    stop();
    forget_final();
    listen_nowhere();
    # Where a host name of the stack's own server led; the file is mounted, so that it cannot be replaced.
    system('sh', '-c', "cat $home/hosts.first >/etc/hosts") if -e "$home/hosts.first";
    unlink splice @made;
    %trusted = ();
    %passwords = ();
    %plain = ();
    $speaks_tls = 0;
}

# Begins a command whose end nobody waits for now.
sub begin {
    my @command = @_;
    my $child = fork;
    return $child if $child || !defined $child;
    close $_->{socket} for values %listening;
    exec @command or POSIX::_exit(1);
}

# A copy of the initialised cluster is made while the one before it is in use.
my $spare = "$memory/spare";
my $copying;
# The cluster that is there has not been used yet.
my $unused = 0;

sub begin_spare {
    return if -d $spare || $place ne $memory;
    $copying = begin('sh', '-c', 'cp -a "$1" "$2.part" && mv "$2.part" "$2"', 'sh', $pristine, $spare);
}

# A fresh copy of the initialised cluster.
sub renew {
    return if $unused && -d "$place/data";
    # The last one is removed while the next one is in use.
    my $old = "$memory/old";
    system('rm', '-rf', "$home/disk", $old) == 0 or die "cannot remove the old cluster\n";
    begin('rm', '-rf', $old) if rename "$memory/data", $old;
    unlink $data;
    mkdir $place;
    waitpid $copying, 0 if $copying && !-d $spare;
    undef $copying;
    if ($place ne $memory || !rename $spare, "$place/data") {
        system('rm', '-rf', $spare, "$spare.part", $old);
        system('cp', '-a', $pristine, "$place/data") == 0 or die "cannot copy the cluster\n";
    }
    symlink "$place/data", $data or die "cannot lead to the cluster: $!\n";
}

sub serve {
    my (@arguments) = @_;
    forget();
    renew();
    $unused = 0;
    unlink $inner;
    $answers_names = 1;
    $postmaster = as_postgres(sub {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$home/log";
        open STDERR, '>&', \*STDOUT;
        # For sslrootcert=system.
        $ENV{SSL_CERT_FILE} = "$home/tls/ca.crt";
        exec "$bin/postgres", '-D', $data, @arguments;
    });
    for (1 .. 30000) {
        die "PostgreSQL did not start: " . `tail -n 5 $home/log` unless running();
        if (ready()) {
            begin_spare();
            return;
        }
        select undef, undef, undef, 0.002;
    }
    die "PostgreSQL did not answer within a minute\n";
}

# PostgreSQL says so in this file, on a line of its own.
sub ready {
    open my $file, '<', "$data/postmaster.pid" or return 0;
    return grep { /^ready/ } <$file>;
}

# ---- Commands -----------------------------------------------------------------------------------------------------

sub certificate {
    system('sh', "$home/certificate.sh", @_) == 0 or die "openssl could not make a certificate\n";
}

# Arguments are hexadecimal; `-` is the empty text.
sub unhex { return $_[0] eq '-' ? '' : pack 'H*', $_[0] }

# Seconds to wait for somebody else.
my $rest;

my %commands = (
    listen => sub { listen_on($_[0]) },
    socket => sub { listen_in(unhex($_[0]), $_[1]) },
    trust  => sub { $trusted{unhex($_[0])} = 1 },
    plain  => sub { $plain{unhex($_[0])} = 1 },
    scram  => sub { $passwords{unhex($_[0])} = unhex($_[1]) },
    tls    => sub { $speaks_tls = 1; certificate('authority', "$home/tls/ca.crt") },
    authority => sub { certificate('authority', map { unhex($_) } @_); push @made, unhex($_[0]) },
    client => sub { certificate('client', map { unhex($_) } @_); push @made, map { unhex($_) } @_[0, 1] },
    serve  => sub { serve(map { unhex($_) } @_) },
    place  => sub { $place = "$home/$_[0]" },
    stop   => sub { forget(); renew(); routes(0); $answers_names = 0 },
    routes => sub { routes(1) },
    sync   => sub { },
    rest   => sub { $rest = $_[0] },
);
my $done = 0;

# Carries a command out; what was in the way, if anything.
sub carry_out {
    my ($name, @arguments) = split ' ', $_[0];
    local $SIG{CHLD} = 'DEFAULT';
    my $run = $commands{$name // ''};
    return eval { defined $run ? $run->(@arguments) : die "unknown command\n"; 1 } ? undef : $@ =~ s/\s+$//r;
}

sub command {
    my $failure = carry_out($_[0]);
    report('{"event":"failed","n":' . ($done + 1) . ',"message":' . text($failure) . '}') if defined $failure;
    # Connections that ended meanwhile.
    1 while waitpid(-1, POSIX::WNOHANG()) > 0;
    $done++;
    report("{\"event\":\"done\",\"n\":$done}");
    rest() if defined $rest;
}

# Waits for somebody else to give commands, with nothing left of what was run: no process, no file.
sub rest {
    my $until = time + $rest;
    undef $rest;
    $place = $memory;
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    local $SIG{CHLD} = 'DEFAULT';
    forget();
    %address_of = ();
    %name_of = ();
    # All but this one, and the container's init.
    kill 'KILL', -1;
    1 while waitpid(-1, 0) > 0;
    undef $copying;
    system 'find', '/', '/dev/shm', split(' ', '/tmp /var/lib/postgresql /var/run/postgresql'), '-xdev', '-user', 'postgres',
        '-cnewer', "$home/begun", '!', '-path', "$home/*", '!', '-type', 'd', '-delete';
    renew();
    $unused = 1;
    my $path = "$home/socket/next";
    unlink $path;
    socket my $socket, AF_UNIX, SOCK_STREAM, 0 or exit 1;
    bind $socket, pack_sockaddr_un($path) or exit 1;
    listen $socket, 1 or exit 1;
    my $someone = IO::Select->new($socket);
    while ($until > time) {
        next unless $someone->can_read($until - time) && accept(my $client, $socket);
        # One only: whoever else waits is turned away.
        unlink $path;
        close $socket;
        open STDIN, '<&', $client;
        open STDOUT, '>&', $client;
        $done = 0;
        announce(routes(1));
        return;
    }
    exit 0;
}

sub announce {
    my ($addresses) = @_;
    report('{"event":"ready","addresses":' . ($addresses ? 'true' : 'false') . '}');
}

# The same commands from the server inside, which waits until they are carried out: what a foreign server will ask for is
# there before it does.
my $control;

sub listen_to_server {
    my $path = "$home/socket/control";
    socket $control, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
    bind $control, pack_sockaddr_un($path) or die "cannot listen on $path: $!\n";
    chown $uid, $gid, $path;
    listen $control, 16 or die "cannot listen on $path: $!\n";
}

sub serve_control {
    accept(my $client, $control) or return;
    while (defined(my $line = <$client>)) {
        carry_out($line);
    }
    close $client;
}

sub initialise {
    mkdir "$home/socket", 0755;
    mkdir "$home/tls", 0755;
    open my $begun, '>', "$home/begun";
    chown $uid, $gid, $home, "$home/socket", "$home/tls";
    mkdir $pristine;
    chown $uid, $gid, $pristine;
    listen_to_server();
    local $SIG{CHLD} = 'DEFAULT';
    my $child = as_postgres(sub {
        open STDOUT, '>', "$home/log";
        open STDERR, '>&', \*STDOUT;
        exec "$bin/initdb", '-D', $pristine, '-U', $superuser, '-A', 'trust', '--no-sync', '--no-instructions',
            # Less to copy.
            '--wal-segsize=1', split ' ', $ENV{POSTGRES_INITDB_ARGS} // '';
    });
    waitpid $child, 0;
    die "initdb failed: " . `tail -n 5 $home/log` if $?;
}

my $dns;
socket $dns, AF_INET, SOCK_DGRAM, 0;
bind $dns, pack_sockaddr_in(53, inet_aton '127.0.0.1') or die "cannot answer names: $!\n";
if (open my $resolver, '>', '/etc/resolv.conf') {
    # Patient: while a command is carried out names have to wait.
    print $resolver "nameserver 127.0.0.1\noptions timeout:30 attempts:2\n";
}
my $ok = eval { initialise(); 1 };
my ($four) = routes(1);
if ($ok) {
    announce($four);
} else {
    report('{"event":"failed","n":0,"message":' . text($@ =~ s/\s+$//r) . '}');
}

my $input = '';
while (1) {
    my $ready = IO::Select->new(\*STDIN, $dns, $control // (), map { $_->{socket} } values %listening);
    my @readable = $ready->can_read(60);
    for my $from (@readable) {
        if ($from == $dns) {
            answer_name($dns);
        } elsif (defined $control && $from == $control) {
            serve_control();
        } elsif ($from == \*STDIN) {
            my $read = sysread STDIN, $input, 65536, length $input;
            if (!$read) {
                stop();
                exit 0;
            }
            while ($input =~ s/^(.*)\n//) {
                command($1);
            }
        } else {
            my ($listener) = grep { $_->{socket} == $from } values %listening;
            next unless $listener && accept(my $client, $from);
            my $child = fork;
            if (defined $child && $child == 0) {
                close $_->{socket} for values %listening;
                close $_ for $dns, $control;
                answer_connection($client, $listener);
                POSIX::_exit(0);
            }
            close $client;
        }
    }
}
