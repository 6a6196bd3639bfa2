namespace Caur.Pacman;

/// <summary>Reads one .SRCINFO line by line and goes on after a fault, so that one reading names all of them.</summary>
internal sealed class SrcinfoParser
{
    private const int MaxErrors = 100;

    private static readonly string[] DependencyKeys =
        ["depends", "makedepends", "checkdepends", "optdepends", "provides", "conflicts", "replaces"];

    private readonly List<FormatError> _errors = [];
    private readonly SrcinfoSection _base = new();
    private readonly List<SrcinfoPackage> _packages = [];
    private readonly HashSet<PackageName> _names = [];
    private PackageName _pkgbase;
    private int _pkgbaseLine;
    private SrcinfoSection? _current;
    private int _line;

    public FormatResult<Srcinfo> Parse(string text)
    {
        // Only a newline ends a line: EnumerateLines would also break a description at a form feed or at U+2028.
        foreach (var range in text.AsSpan().Split('\n'))
        {
            _line++;
            var line = text.AsSpan(range).Trim();
            if (!line.IsEmpty && line[0] != '#')
            {
                ReadLine(line);
            }

            if (_errors.Count >= MaxErrors)
            {
                break;
            }
        }

        var version = _errors.Count == 0 ? Finish() : null;
        return version is { } known
            ? FormatResult<Srcinfo>.Of(new Srcinfo(_pkgbase, known, _base, _packages))
            : FormatResult<Srcinfo>.Refused(_errors);
    }

    private void ReadLine(ReadOnlySpan<char> line)
    {
        var equals = line.IndexOf('=');
        var key = equals < 0 ? default : line[..equals].TrimEnd();
        if (key.IsEmpty || key.ContainsAny(' ', '\t'))
        {
            Fault(FormatErrorCode.Malformed, $"{FormatError.Quote(line)} is not of the form 'key = value'");
            return;
        }

        var value = line[(equals + 1)..].Trim().ToString();
        if (key is "pkgbase")
        {
            OpenBase(value);
        }
        else if (key is "pkgname")
        {
            OpenPackage(value);
        }
        else if (_current is null)
        {
            Fault(FormatErrorCode.MissingKey, $"{FormatError.Quote(key)} stands before any pkgbase");
        }
        else
        {
            AddValue(_current, key.ToString(), value);
        }
    }

    private void OpenBase(string value)
    {
        if (_pkgbaseLine > 0)
        {
            Fault(FormatErrorCode.Duplicate, $"pkgbase stands a second time, the first is in line {_pkgbaseLine}");
            return;
        }

        _pkgbaseLine = _line;
        _current = _base;
        if (!PackageName.TryParse(value, out _pkgbase))
        {
            Fault(FormatErrorCode.InvalidName, $"{FormatError.Quote(value)} is not a package name");
        }
    }

    private void OpenPackage(string value)
    {
        if (_pkgbaseLine == 0)
        {
            Fault(FormatErrorCode.MissingKey, "pkgname stands before any pkgbase");
            return;
        }

        _current = new SrcinfoSection();
        if (!PackageName.TryParse(value, out var name))
        {
            Fault(FormatErrorCode.InvalidName, $"{FormatError.Quote(value)} is not a package name");
        }
        else if (!_names.Add(name))
        {
            Fault(FormatErrorCode.Duplicate, $"a section for the package {name} stands a second time");
        }
        else
        {
            _packages.Add(new SrcinfoPackage(name, _base, _current));
        }
    }

    private void AddValue(SrcinfoSection section, string key, string value)
    {
        var field = section.GetOrAdd(key);
        if (value.Length == 0)
        {
            return;
        }

        if (!IsDependencyKey(key))
        {
            field.Add(value);
        }
        else if (Dependency.TryParse(value, out var dependency))
        {
            field.Add(value, dependency);
        }
        else
        {
            Fault(FormatErrorCode.InvalidDependency, $"{FormatError.Quote(value)} in {FormatError.Quote(key)} is not a dependency");
        }
    }

    private PackageVersion? Finish()
    {
        if (_pkgbaseLine == 0)
        {
            _errors.Add(new FormatError(FormatErrorCode.MissingKey, "there is no pkgbase"));
            return null;
        }

        if (_packages.Count == 0)
        {
            _errors.Add(new FormatError(FormatErrorCode.MissingKey, "there is no pkgname"));
        }

        foreach (var key in (string[])["pkgver", "pkgrel"])
        {
            if (_base.Single(key) is null)
            {
                _errors.Add(new FormatError(FormatErrorCode.MissingKey, $"{key} is missing in the pkgbase section", _pkgbaseLine));
            }
        }

        return _errors.Count == 0 ? ReadVersion() : null;
    }

    private PackageVersion? ReadVersion()
    {
        var epoch = _base.Single("epoch") ?? "0";
        var pkgver = _base.Single("pkgver")!;
        var pkgrel = _base.Single("pkgrel")!;
        var plain = pkgver.AsSpan().IndexOfAny(':', '-') < 0 && pkgrel.AsSpan().IndexOfAny(':', '-') < 0;
        var text = epoch.AsSpan().TrimStart('0').IsEmpty ? $"{pkgver}-{pkgrel}" : $"{epoch}:{pkgver}-{pkgrel}";
        if (plain && PackageVersion.TryParse(text, out var version))
        {
            return version;
        }

        _errors.Add(new FormatError(FormatErrorCode.InvalidVersion, $"{FormatError.Quote(text)} is not a version", _pkgbaseLine));
        return null;
    }

    /// <summary>Whether a key, perhaps with an architecture behind it, holds dependencies.</summary>
    private static bool IsDependencyKey(string key)
    {
        foreach (var known in DependencyKeys)
        {
            if (key.StartsWith(known, StringComparison.Ordinal) && (key.Length == known.Length || key[known.Length] == '_'))
            {
                return true;
            }
        }

        return false;
    }

    private void Fault(FormatErrorCode code, string message) => _errors.Add(new FormatError(code, message, _line));
}
