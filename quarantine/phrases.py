"""What mail servers write when they refuse: phrases of the big providers in the languages that they use.

They are matched against folded text (lower case, no accents), from which addresses and links are gone, in the order
of the table: what explains an error best stands first, so "sender rejected: user unknown" is about the sender.
"""

import re
from enum import Enum, auto


class Topic(Enum):
    """What the text of an error is about."""

    SENDER = auto()  # our address, our relaying, our authentication
    RATE = auto()
    SIZE = auto()
    CONTENT = auto()
    REPUTATION = auto()
    GREYLISTED = auto()
    MAILBOX_FULL = auto()
    ACCOUNT_DISABLED = auto()
    REFUSED = auto()
    UNREACHABLE = auto()
    DOMAIN_UNKNOWN = auto()
    USER_UNKNOWN = auto()
    AMBIGUOUS = auto()  # "unknown user" from a provider that also says so when a person's filter refused the mail


WHO = r"(user|recipient|mailbox|account|address|addressee|customer|local[- ]part|e-?mail|rcpt|person)"
CANNOT = r"(do(es)?( not|n'?t)|dosn'?t|did( not|n'?t)|could( not|n'?t)|can ?not|can'?t|was( not|n'?t)|is( not|n'?t))"

PHRASES: tuple[tuple[Topic, tuple[str, ...]], ...] = (
    (
        Topic.SENDER,
        (
            r"sender (address |domain |e-?mail )?(is |was )?(un|not )?(rejected|refused|denied|invalid|verif|known|allowed|auth)",
            r"sender (address )?not accepted",
            r"sender (address )?(domain )?(not found|does not exist|doesn'?t exist|must|needs|has no|could not)",
            r"(domain|address) of (the )?sender|sending domain|senders? not allowed|unauthori[sz]ed sender|invalid sender",
            r"(sender|callback|callout) verif|verification failed for|purported responsible|return.?path|envelope.?from",
            r"mail from (domain|address|command)|from:? (header|address|domain)|invalid domain name",
            r"relay(ing)? (access )?(is )?(denied|not (permitted|allowed)|prohibited|refused|attempt)|open relay",
            r"(unable|refus\w+|not (permitted|allowed|configured|authori[sz]ed)) to (\d+ )?relay|(don'?t|do(es)? not|no) relay",
            r"unauthenticated|auth(entication|orization)? (is )?(required|failed|checks? failed)|authrequired|must authenticate",
            r"\b(spf|dkim|dmarc|ptr|rdns|starttls|smtp auth)\b|tls (is )?required|without tls|requires? tls",
            r"reverse (dns|lookup|host)|mismatches client ip|(helo|ehlo)( command)? (is )?(rejected|invalid)",
            r"(host|ip) ?name lookup",
            r"client host (rejected|not)|cannot find your host",
            r"expediteur (refuse|rejete|inconnu|invalide)|absender (abgelehnt|unbekannt|ungultig)",
            r"remitente (rechazado|desconocido)|mittente (rifiutato|sconosciuto)",
        ),
    ),
    (
        Topic.RATE,
        (
            r"too many (messages|connections|mails|emails|recipients|errors|sessions|concurrent|requests|commands|invalid)",
            r"\brate(-| )?(limit|exceed)|at a rate|\bthrottl|unexpected volume|unusual(ly)? (high )?(rate|volume|traffic)",
            r"(sending|daily|hourly|message) (quota|limit|rate)s? (has been )?(exceeded|reached)",
            r"exceeded (the |your )?(sending|daily|hourly|message rate)|connection (rate|limit)|messages per",
            r"trop de (connexions|messages)|zu viele (verbindungen|nachrichten)|demasiados mensajes|troppi messaggi",
        ),
    ),
    (Topic.GREYLISTED, (r"gr[ea]y-?\s?list",)),
    (
        Topic.MAILBOX_FULL,
        (
            r"(mail ?box|inbox|mail ?(folder|dir|drop)|user|account|recipient|message store)('s)? (is |are |\w+ is )?(\w+ )?full",
            r"full mailbox|for user is full|over ?quota|over (the |its |their )?(allowed |storage |disk )?quota|out of quota",
            r"quota( \w+)? (is |has been |was |would be )?(full|exceeded|exhausted|reached|violat)|quotaexceeded",
            r"exceeded storage",
            r"exceed\w* (\w+ ){0,3}(quota|storage|mailbox|allocation)|mailbox (size )?(limit|quota)|mailbox (is )?too large",
            r"(out of|insufficient|not enough|no more|no) (?!system|disk)(\w+ )?(storage|space)",
            r"storage (limit|allocation) (exceeded|reached)",
            r"boite( aux lettres| mail| a lettres| de reception)?( du destinataire)?( est)? (pleine|saturee)",
            r"quota( \w+)? (depasse|atteint|uberschritten)|espace (de stockage )?insuffisant|speicherplatz",
            r"(postfach|mailbox)( ist| is)? (voll|vol\b|uberfullt)|postvak (is )?vol",
            r"buzon (esta )?lleno|cuota (excedida|superada)|casella( di posta)? (e )?piena|quota superata",
            r"caixa( postal| de correio)? (esta )?cheia|cota excedida|skrzynka\w* (jest )?(pelna|przepelniona)|переполнен",
        ),
    ),
    (
        Topic.SIZE,
        (
            r"(message|mail|size|header|attachment)s? (is |are |was )?(size )?(too (large|big|long)|exceeds|exceeded|larger)",
            r"message (length|size)|maximum (message|allowed) size|sizelimit|size limit exceeded|headers? too",
            r"message trop (gros|volumineux|grand)|nachricht (ist )?zu gross|demasiado grande|troppo grande",
        ),
    ),
    (
        Topic.ACCOUNT_DISABLED,
        (
            rf"{WHO} (\w+ ){{0,4}}(disabled|inactive|suspended|frozen|locked|deactivated|discontinued|closed|blocked)",
            rf"{WHO} (\w+ ){{0,3}}(expired|not active|dormant|terminated|abandoned)|disableduser",
            rf"(disabled|inactive|suspended|frozen|locked|deactivated|discontinued|expired|closed|blocked) (\w+ )?{WHO}",
            r"no longer (\w+ )?(active|in use|used|on server|available|accepts?|valid|receiv\w+|monitored)",
            r"(compte|boite|adresse|utilisateur) (\w+ ){0,4}(desactive|suspendu|bloque|inactive|inactif|ferme|clos)",
            r"(konto|postfach|adresse) (\w+ ){0,3}(deaktiviert|gesperrt|inaktiv|stillgelegt|geschlossen)",
            r"(cuenta|buzon|casella|conta|utente) (\w+ ){0,3}(desactivad|deshabilitad|inactiv|suspendid|disabilitat|desativad)",
        ),
    ),
    (
        Topic.REPUTATION,
        (
            r"spamhaus|spamcop|barracuda|sorbs|dnsbl|\brbl\b|(block|black|deny) ?list|\bblocked\b|\bbanned\b",
            r"(?<!not )\blisted (at|in|by|on)\b",
            r"reputation|complaints?|untrusted ip|\bpolicy\b|policies|security reasons|\babuse|network not allowed",
            r"not accepting connections",
            r"not allowed to (send|connect|deliver)|(your|sending|client|source) (ip|server|host|network)\b|\(bl\)|\bip=",
            r"service refuse|politique de securite|liste noire|sperrliste|lista negra",
        ),
    ),
    (
        Topic.CONTENT,
        (
            r"\bspam\b|anti-?spam|unsolicited|\bube\b|\bbulk (e-?)?mail|\bjunk\b|\bvirus|malware|phish|infected",
            r"\bcontent\b|suspicious|attachment|media error|duplicate header|8-bit data|multiple addresses",
            r"(mail|message|courriel) (rejete|refuse|bloque)|nachricht (abgelehnt|blockiert)|mensaje (rechazado|bloqueado)",
            r"improper (use|sequence|command)|protocol (error|violation)|syntax error|routing loop|mail loop",
            r"hop count|too many hops",
        ),
    ),
    (
        Topic.REFUSED,
        (
            r"recipient preferences|only accepts?|accepts? (mail|messages) (only|from)|restricted|refused due",
            r"refused by recipient",
            r"not (permitted|allowed|authori[sz]ed) to (post|write)|permission|moderat|filtered|challenge|whitelist",
            r"access denied",
            r"does not accept (mail|messages|e-?mails?) from",
        ),
    ),
    (
        Topic.UNREACHABLE,
        (
            r"temporar(y|ily)|(?<!and )try again|try later|\blater\b|timed? ?out|time-out|expired|lost connection",
            r"could not connect|resources|insufficient",
            r"connection (refused|reset|lost|closed|dropped)|unable to connect|no route|unreachable|deferred",
            r"malformed or unexpected",
            r"service (is )?(currently )?(not |un)available|internal (system )?error|system error",
            r"(system|server) (is )?(busy|overload|not accept)",
            r"essayer plus tard|reessayer|versuchen sie es spater|spater erneut|mas tarde|piu tardi|mais tarde",
        ),
    ),
    (
        Topic.DOMAIN_UNKNOWN,
        (
            r"host or domain name not found|(host|domain)( name)?( \S+)? (is )?(unknown|not found|does not exist|doesn'?t exist)",
            r"domain (could not|couldn'?t) be found|(unknown|no such|non-?existent) (host|domain)|nxdomain|nonexistentdomain",
            r"null ?mx|no smtp service|unrouteable (mail )?domain|couldn'?t find (any host|a mail exchanger)",
            r"does(n'?t| not) (accept|receive) (any )?e?-?mail\b(?! from)|domain (is )?not reachable|bad destination system",
            r"domaine (\w+ )?(inconnu|inexistant|introuvable)|domain( \w+)? (unbekannt|nicht gefunden|existiert nicht)",
            r"dominio (desconocido|sconosciuto|inexistente)",
        ),
    ),
    (
        Topic.USER_UNKNOWN,
        (
            rf"{WHO}[ \w]{{0,25}} (unknown|no such|non-?existent)|(unknown|no such|non-?existent|unrecogni[sz]ed) (\w+ )?{WHO}",
            rf"{WHO}[^.;]{{0,60}} {CANNOT} (currently )?(exist|be found|found|known|recogni[sz]ed|listed|be resolved|(a )?valid)",
            rf"{WHO}[^.;]{{0,30}} does( not|n'?t) have an? .{{0,40}}account|{WHO} not (found|known|listed|recogni[sz]ed|local)",
            r"no (mailbox|user|account|recipient|one|person) (here )?(by|with|of|under) (that|this) (name|address)",
            r"no mailbox here",
            rf"nosuchuser|recip(ient)?notfound|not (a )?(valid|known|our) {WHO}|bad destination (mailbox|address)",
            r"unrouteable address",
            rf"invalid (recipient|mailbox|user|address\b)|{WHO} (address )?(is )?invalid|not configured to receive",
            r"unknown recipient",
            r"(destinataire|utilisateur|adresse|compte|boite)( \w+){0,6}? (inconnue?|invalide|inexistante?|introuvable|erronee?)",
            r"n'?existe pas|aucun (compte|utilisateur|destinataire)|destinataire non trouve",
            r"(postfach|empfanger|benutzer|adresse|konto|nutzer)( \w+){0,3}? (unbekannt|nicht (gefunden|bekannt|vorhanden))",
            r"(postfach|mailbox|adresse|konto)( \w+){0,3}? existiert nicht|unbekannter? (empfanger|benutzer|nutzer|adresse)",
            r"kein (postfach|benutzer|empfanger|konto)|keine mailbox",
            r"(usuario|destinatario|buzon|cuenta|direccion)( \w+){0,3}? (desconocid[oa]|inexistente|no (existe|encontrad[oa]))",
            r"no existe (el|la) (usuario|cuenta|buzon|destinatario)",
            r"(utente|destinatario|casella|indirizzo)( \w+){0,3}? (sconosciut[oa]|inesistente|non (esiste|trovat[oa]))",
            r"(usuario|destinatario|conta|endereco|caixa)( \w+){0,3}? (desconhecid[oa]|inexistente|nao (existe|encontrad[oa]))",
            r"(gebruiker|ontvanger|adres|e-?mailadres|postvak)( \w+){0,4}? (onbekend|niet (gevonden|bekend)|bestaat niet)",
            r"onbekende (gebruiker|ontvanger)|(uzytkownik|adresat|konto|skrzynka)( \w+){0,2}? (nieznany|nie istnieje)",
            r"nieznany (uzytkownik|adresat)",
            r"(mottagare|anvandare|modtager|bruger|mottaker)( \w+){0,2}? (okand|ukendt|ukjent|finns inte|findes ikke)",
            r"(okand|ukendt|ukjent) (mottagare|anvandare|modtager|bruger|mottaker)|宛先不明|用户不存在",
            r"(пользователь|адрес|ящик|получатель)( \w+){0,3}? (не (наиден|существует)|неизвестен)",
            r"нет такого (пользователя|ящика)",
        ),
    ),
    # Said without a reason: somebody did not want the message, so it is ours only where nothing above explains it.
    (
        Topic.CONTENT,
        (r"(message|mail|email) (\w+ )?(was |is |has been )?(\w+ )?(rejected|refused|blocked|not accepted|denied|discarded)",),
    ),
)

_PATTERNS = [(topic, re.compile("|".join(phrases))) for topic, phrases in PHRASES]


def topic_of(text: str) -> Topic | None:
    """What a folded text is about; None when no phrase is known."""
    return next((topic for topic, pattern in _PATTERNS if pattern.search(text)), None)
