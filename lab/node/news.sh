#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs INN with Debian's own paths as site NEWS_SITE, exchanging lab.* with NEWS_PEER, whose
# addresses (the first one is fed) are NEWS_PEER_ADDRESSES. Readers: the provider's networks.
set -eu
etc=/etc/news
db=/var/lib/news
spool=/var/spool/news
feed_to=${NEWS_PEER_ADDRESSES%% *}

put() { install -o root -g news -m 664 /dev/stdin "$etc/$1"; }

put inn.conf <<END
domain:         lab.example.net
pathhost:       $NEWS_SITE.lab.example.net
fromhost:       $NEWS_SITE.lab.example.net
organization:   "the laboratory"
mta:            "/bin/true %s"
hismethod:      hisv6
ovmethod:       tradindexed
enableoverview: true
runasuser:      news
runasgroup:     news
pathnews:       /usr/lib/news
pathbin:        /usr/lib/news/bin
pathetc:        $etc
pathfilter:     $etc/filter
pathdb:         $db
pathlog:        /var/log/news
pathrun:        /run/news
pathspool:      $spool
pathtmp:        $spool/incoming/tmp
pathincoming:   $spool/incoming
patharticles:   $spool/articles
pathoverview:   $spool/overview
pathoutgoing:   $spool/outgoing
patharchive:    $spool/archive
pgpverify:      false
END
put incoming.conf <<END
streaming:       true
max-connections: 8
peer $NEWS_PEER {
  hostname: "${NEWS_PEER_ADDRESSES// /, }"
  patterns: "lab.*"
}
peer ME {
  hostname: "127.0.0.1, ::1"
}
END
put newsfeeds <<END
ME:*/!local::
innfeed!:!*:Tc,Wnm*:/usr/lib/news/bin/innfeed
$NEWS_PEER/$NEWS_PEER.lab.example.net:lab.*:Tm:innfeed!
END
# Reconnect at once, so that a feed that was cut resumes within seconds.
put innfeed.conf <<END
pid-file:               innfeed.pid
log-file:               innfeed.log
status-file:            innfeed.status
backlog-directory:      innfeed
initial-reconnect-time: 1
max-reconnect-time:     2
initial-connections:    1
max-connections:        1
dynamic-method:         0
response-timeout:       10
article-timeout:        60
streaming:              true
backlog-rotate-period:  2
backlog-ckpt-period:    2
backlog-newfile-period: 2
peer $NEWS_PEER {
  ip-name: $feed_to
}
END
put readers.conf <<END
auth "networks" {
  hosts: "127.0.0.1, ::1, 198.51.100.0/24, 203.0.113.0/24, 2001:db8:100::/40"
  default: "<reader>"
}
access "networks" {
  users: "<reader>"
  newsgroups: "*"
  access: RPA
}
END
put storage.conf <<END
method tradspool {
  newsgroups: *
  class: 0
}
END

# Without this cleaning, the host's own news would be in the node.
rm -rf "${db:?}"/* "${spool:?}"/{articles,overview,outgoing,incoming,innfeed}
install -d -o news -g news -m 775 "$db" /run/news /var/log/news "$spool" "$spool"/articles \
    "$spool"/{overview,outgoing,innfeed,archive,incoming} "$spool"/incoming/{bad,tmp}
as_news() { runuser -u news -- "$@"; }
as_news tee "$db/active" > /dev/null <<END
control 0000000000 0000000001 n
control.cancel 0000000000 0000000001 n
junk 0000000000 0000000001 n
lab.test 0000000000 0000000001 y
lab.binaries 0000000000 0000000001 y
END
as_news tee "$db/newsgroups" > /dev/null <<END
lab.test	Tests.
lab.binaries	Large articles.
END
as_news touch "$db/active.times" "$db/history"
(cd "$db" && as_news /usr/lib/news/bin/makedbz -i -o)
exec runuser -u news -- /usr/lib/news/bin/innd -f
