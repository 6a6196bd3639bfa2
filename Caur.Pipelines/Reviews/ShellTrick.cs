using System.Text.RegularExpressions;

namespace Caur.Pipelines.Reviews;

/// <summary>A thing that shell code may do and that a reviewer wants to see.</summary>
/// <param name="Level">How much it matters where nothing else is known.</param>
/// <param name="What">In our words.</param>
/// <param name="Pattern">Searched in a command with its quotes taken off.</param>
internal sealed partial record ShellTrick(RiskLevel Level, string What, Regex Pattern)
{
    /// <summary>Commands that fetch and run, hide what they run, or reach out of the build.</summary>
    public static IReadOnlyList<ShellTrick> All { get; } =
    [
        Alarm("runs what it downloads", @"\b(curl|wget|aria2c|fetch|lynx|http|xh)\b.*\|\s*(sudo\s+)?(env\s+)?\S*\b(ba|z|da|k|c|fi)?sh\b"),
        Alarm("runs what it downloads", @"\b(curl|wget|aria2c)\b.*\|\s*\S*\b(python[0-9.]*|perl|ruby|node|php|lua|bun|deno)\b"),
        Alarm("runs what it downloads", @"\b((ba|z|da|k)?sh|source|eval|python[0-9.]*|perl|node)\b.*[<$]\(\s*(curl|wget|aria2c)\b"),
        Alarm("feeds text to a shell", @"\|\s*(sudo\s+)?\S*\b(ba|z|da|k)?sh\b(\s|$)"),
        Alarm("opens a network connection by hand", @"/dev/(tcp|udp)/|\b(nc|ncat|netcat|socat|telnet)\b\s"),
        Look("evaluates text as code", @"(^|[\s;&|(`])eval\s"),
        Look("runs a shell with code as its argument", @"\b(ba|z|da|k)?sh\s+(-\w*c\b|-\w+\s+-\w*c\b)"),
        Look("runs code given on a command line", @"\b(python[0-9.]*|perl|ruby|node|php|lua|bun|deno)\s+(-\w*[ceEr]\b|eval\b)"),
        Alarm("decodes what it was given", @"\b(base64|base32|basenc)\b[^|;]*\s(-\w*[dD]\w*|--decode)|\bxxd\b[^|;]*\s-\w*r|\bopenssl\b\s+(enc|base64)\b[^|;]*\s-d\b|\buudecode\b"),
        Look("has a long run of encoded text", @"[A-Za-z0-9+/]{120,}={0,2}|(\\x[0-9A-Fa-f]{2}){8,}|(\\[0-3][0-7]{2}){8,}"),
        Look("reverses or rotates text", @"(^|[\s;&|(`])rev(\s|$)|\btr\s+['""]?[A-Za-z]-[A-Za-z]{2,4}-"),
        Alarm("has other programs load its code", @"\bLD_(PRELOAD|AUDIT)\b|/etc/ld\.so\.preload"),
        Look("changes where libraries or programs are looked for", @"\bLD_LIBRARY_PATH=|(^|[\s;&|(`])(export\s+)?PATH="),
        Alarm("asks for another user's rights", @"(^|[\s;&|(`])(sudo|doas|pkexec|su|runuser)\s"),
        Look("gives a file its owner's rights or capabilities", @"\bchmod\b.*(\s0?[4-7][0-7]{3}\b|[ug]\+s|\+s)|\bsetcap\b|\binstall\b.*-\w*m\s*0?[4-7][0-7]{3}\b"),
        Look("uses systemd", @"\b(systemctl|systemd-run|loginctl)\b|systemd/(system|user)/|\.(service|timer)\b"),
        Look("starts something by itself later", @"\bcrontab\b|/etc/cron|/etc/profile(\.d)?\b|\bxdg/autostart\b|/etc/rc\.local|/etc/init\.d|/etc/(bash|zsh|X11/xinit)"),
        Alarm("touches a user's own files", @"(~|\$HOME|\$\{HOME\}|/root|/home/[^/\s]+)/?\.(ssh|bash\w*|zsh\w*|profile|config|gnupg|mozilla|local|aws|netrc|git-credentials|pki)\b|\bauthorized_keys\b|/etc/(passwd|shadow|sudoers)"),
        Look("fetches with npm or the like, past makepkg and its checksums", @"\b(npm|pnpm|yarn|bun|npx|pnpx|corepack)\b(\s+(-\S+\s+)*(install|i|ci|add|exec|dlx|create|run|x|build)\b|\s*$|\s+--)|\b(npx|bunx|pnpx)\s"),
        Look("fetches with pip or the like, past makepkg and its checksums", @"\b(pip[0-9.]*|pipx|uv|poetry|conda)\s+(-\S+\s+)*(install|download|sync|add|run|pip)\b|\bpython\S*\s+-m\s+(pip|ensurepip)\b"),
        Look("fetches with cargo, past makepkg and its checksums", @"\bcargo\s+(\+\S+\s+)?(install|fetch|update|vendor|add)\b|\brustup\s+(\S+\s+)*(install|update|default|toolchain)\b"),
        Look("fetches with go, past makepkg and its checksums", @"\bgo\s+(get|install|mod\s+(download|tidy|vendor)|run\s+\S+@)"),
        Look("fetches with another language's tool, past makepkg and its checksums", @"\b(gem|bundle|composer|luarocks|cpan|cpanm|opam|cabal|stack|dotnet|nuget|mix|rebar3|shards|nimble|dub|flutter|dart|mvn|gradle|\./gradlew|sbt|lein|vcpkg|conan)\s+(-\S+\s+)*(install|update|get|fetch|restore|deps\.get|pub|deps|init|add)\b"),
        Look("downloads, past makepkg and its checksums", @"(^|[\s;&|(`])(curl|wget|aria2c|axel|lftp|rsync|scp|sftp|ftp)\s"),
        Look("clones, past makepkg and its checksums", @"\b(git|hg|svn|bzr)\s+(-\S+\s+(\S+=\S+\s+)?)*(clone|fetch|pull|checkout\s+http|submodule\s+(\S+\s+)*update|co\s+http)\b"),
        Look("starts or copies over ssh", @"(^|[\s;&|(`])(ssh|ssh-keygen|ssh-add)\s"),
        Look("loads a kernel module", @"(^|[\s;&|(`])(insmod|modprobe|kexec|dkms)\s"),
        Look("uses pacman itself", @"\b(pacman|yay|paru|pacman-key|makepkg)\s+-"),
        Alarm("writes to a disk or file system as a whole", @"\bdd\b.*\bof=/dev/|\bmkfs\b|\brm\s+(-\S+\s+)*(/|/\*|~|\$HOME)(\s|$)|>\s*/dev/[sv]d"),
        Look("goes to an address by number", @"\b[a-z+]+://(\d{1,3}\.){3}\d{1,3}\b|\b[a-z+]+://\[[0-9a-f:]+\]"),
        Alarm("goes to where anybody can put anything", @"\b(pastebin\.com|paste\.\w+|ptpb\.pw|ix\.io|0x0\.st|transfer\.sh|termbin\.com|hastebin\.com|rentry\.co|discord(app)?\.com/api|api\.telegram\.org|webhook\.site|ngrok\.\w+|trycloudflare\.com|bit\.ly|tinyurl\.com|t\.co/|is\.gd|file\.io|catbox\.moe|anonfiles\.\w+|\w+\.onion)\b"),
        Look("opens a window into a running build", @"(^|[\s;&|(`])(screen|tmux|tmate|gotty|ttyd|sshd|xmrig|nohup|disown|setsid)\b"),
        Look("runs what a variable names", @"(^|[;&|(]\s*)(""?\$\{?!?[A-Za-z_]\w*(\[[^\]]*\])?\}?""?)(\s|$)"),
        Look("names a variable by another", @"\$\{!\w"),
        Look("changes how words are split or what commands mean", @"(^|[\s;&|(`])(IFS=|alias\s|shopt\s|enable\s|trap\s|hash\s+-p|builtin\s|declare\s+-n|local\s+-n|set\s+\+)"),
        Look("runs another file's code in the same shell", @"(^|[\s;&|(`])(source|\.)\s+\S"),
    ];

    private static ShellTrick Alarm(string what, string pattern) => new(RiskLevel.Alarm, what, Compiled(pattern));

    private static ShellTrick Look(string what, string pattern) => new(RiskLevel.Look, what, Compiled(pattern));

    /// <summary>In time linear to the text, whatever the text.</summary>
    private static Regex Compiled(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}
