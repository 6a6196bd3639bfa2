using System.Diagnostics.CodeAnalysis;

namespace Caur.Pacman;

/// <summary>How a dependency's version is compared with what is offered.</summary>
public enum DependencyOperator
{
    /// <summary>No version is asked for.</summary>
    Any,

    /// <summary><c>=</c></summary>
    Equal,

    /// <summary><c>&gt;=</c></summary>
    GreaterOrEqual,

    /// <summary><c>&lt;=</c></summary>
    LessOrEqual,

    /// <summary><c>&gt;</c></summary>
    Greater,

    /// <summary><c>&lt;</c></summary>
    Less,
}

/// <summary>
/// One entry of depends, provides, conflicts, replaces or optdepends: a name, perhaps with an operator and a version
/// (<c>foo&gt;=1.2</c>, <c>libx.so=1-64</c>), perhaps with words after a colon (<c>foo: for the second half</c>).
/// </summary>
public readonly record struct Dependency : IParsable<Dependency>
{
    private Dependency(PackageName name, DependencyOperator op, PackageVersion? version, string? description)
    {
        Name = name;
        Operator = op;
        Version = version;
        Description = description;
    }

    /// <summary>The name of a package or of something that packages provide.</summary>
    public PackageName Name { get; }

    /// <summary>How <see cref="Version"/> is compared; <see cref="DependencyOperator.Any"/> when there is none.</summary>
    public DependencyOperator Operator { get; }

    /// <summary>The version that is asked for or provided; null exactly when the operator is <see cref="DependencyOperator.Any"/>.</summary>
    public PackageVersion? Version { get; }

    /// <summary>The words of an optional dependency, or null.</summary>
    public string? Description { get; }

    /// <summary>A dependency on any version of a name.</summary>
    public static Dependency On(PackageName name) => new(name, DependencyOperator.Any, null, null);

    /// <summary>A provision or dependency of exactly this version of a name.</summary>
    public static Dependency Exactly(PackageName name, PackageVersion version) => new(name, DependencyOperator.Equal, version, null);

    /// <summary>The dependency in a text.</summary>
    /// <exception cref="FormatException">The text is not a dependency.</exception>
    public static Dependency Parse(string text) =>
        TryParse(text, out var dependency) ? dependency : throw new FormatException($"{FormatError.Quote(text)} is not a dependency");

    /// <summary>Whether a text is a dependency, and which.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Dependency dependency)
    {
        dependency = default;
        if (text is null)
        {
            return false;
        }

        var (head, description) = SplitDescription(text);
        var at = head.IndexOfAny('<', '>', '=');
        var (op, length) = at < 0 ? (DependencyOperator.Any, 0) : ReadOperator(head.AsSpan(at));
        if (!PackageName.TryParse(at < 0 ? head : head[..at], out var name))
        {
            return false;
        }

        if (op == DependencyOperator.Any)
        {
            dependency = new Dependency(name, op, null, description);
            return true;
        }

        if (!PackageVersion.TryParse(head[(at + length)..], out var version))
        {
            return false;
        }

        dependency = new Dependency(name, op, version, description);
        return true;
    }

    /// <summary>
    /// Whether a package of this name and version satisfies the dependency by its own name. A dependency without pkgrel takes any
    /// pkgrel. When the version is not known (null), only a dependency that asks for none is satisfied.
    /// </summary>
    public bool IsSatisfiedBy(PackageName name, PackageVersion? version) => name == Name && Accepts(version);

    /// <summary>
    /// Whether something that a package provides satisfies the dependency. A provision without version satisfies only a
    /// dependency without version, and only a provision with <c>=</c> has a version that counts (alpm's rule).
    /// </summary>
    public bool IsSatisfiedBy(Dependency provision) =>
        provision.Name == Name && Accepts(provision.Operator == DependencyOperator.Equal ? provision.Version : null);

    /// <summary>Whether a package satisfies the dependency by its name and version or by what it provides.</summary>
    public bool IsSatisfiedBy(PackageName name, PackageVersion? version, IEnumerable<Dependency> provides)
    {
        if (IsSatisfiedBy(name, version))
        {
            return true;
        }

        foreach (var provision in provides)
        {
            if (IsSatisfiedBy(provision))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The dependency as pacman writes it.</summary>
    public override string ToString()
    {
        var symbol = Operator switch
        {
            DependencyOperator.Equal => "=",
            DependencyOperator.GreaterOrEqual => ">=",
            DependencyOperator.LessOrEqual => "<=",
            DependencyOperator.Greater => ">",
            DependencyOperator.Less => "<",
            _ => string.Empty,
        };
        var words = Description switch { null => string.Empty, "" => ":", _ => ": " + Description };
        return $"{Name}{symbol}{Version}{words}";
    }

    static Dependency IParsable<Dependency>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<Dependency>.TryParse(string? s, IFormatProvider? provider, out Dependency result) => TryParse(s, out result);

    private bool Accepts(PackageVersion? offered)
    {
        if (Version is not { } wanted)
        {
            return true;
        }

        if (offered is not { } version)
        {
            return false;
        }

        var order = version.CompareTo(wanted);
        return Operator switch
        {
            DependencyOperator.Equal => order == 0,
            DependencyOperator.GreaterOrEqual => order >= 0,
            DependencyOperator.LessOrEqual => order <= 0,
            DependencyOperator.Greater => order > 0,
            DependencyOperator.Less => order < 0,
            _ => true,
        };
    }

    /// <summary>Words follow a colon and a blank; a bare colon belongs to an epoch, and one at the very end says that there are no words.</summary>
    private static (string Head, string? Description) SplitDescription(string text)
    {
        var at = text.IndexOf(": ", StringComparison.Ordinal);
        if (at >= 0)
        {
            return (text[..at], text[(at + 2)..]);
        }

        return text.EndsWith(':') ? (text[..^1], string.Empty) : (text, null);
    }

    private static (DependencyOperator Operator, int Length) ReadOperator(ReadOnlySpan<char> text) => text switch
    {
        ['<', '=', ..] => (DependencyOperator.LessOrEqual, 2),
        ['>', '=', ..] => (DependencyOperator.GreaterOrEqual, 2),
        ['<', ..] => (DependencyOperator.Less, 1),
        ['>', ..] => (DependencyOperator.Greater, 1),
        _ => (DependencyOperator.Equal, 1),
    };
}
